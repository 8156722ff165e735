import { open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inFolders, isThere, makeFolder, nullIfMissing, syncFolder } from '../../durable-file.ts';

/** An account with which a project's runs are paid. */
export interface UsedAccount {
  readonly projectId: string;
  readonly account: string;
  /** The last use. The recorded time may be up to `usedAgainMs` too early. */
  readonly usedAt: Date;
}

/** Later uses within this time are not recorded again. */
export const usedAgainMs = 60 * 60 * 1_000;
const namePattern = /^[\w-]+$/;

/**
 * The accounts that each project's intents used, kept outside of the database: a database that was restored to an older
 * state does not know an account that was set later. Each pair of project and account has an empty file, and the time
 * of the file is that of the last use.
 */
export class AccountNotes {
  readonly #root: string;
  /** By path: when this process has begun to write the file, and a promise of the end of that write. */
  readonly #written = new Map<string, { readonly at: number; readonly done: Promise<void> }>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Resolves when the use is on the disk. Throws errors of the file system. */
  async note(database: string, { projectId, account }: Omit<UsedAccount, 'usedAt'>): Promise<void> {
    if (!namePattern.test(projectId) || !namePattern.test(account))
      throw new Error('A project id or an account is not a file name.');
    const path = join(this.#folder(database), `${projectId}.${account}`);
    const before = this.#written.get(path);
    // An absolute difference, because the clock may have been set back.
    if (before && Math.abs(Date.now() - before.at) < usedAgainMs) {
      await before.done;
      if (await isThere(path)) return;
    }
    const done = touch(path);
    this.#written.set(path, { at: Date.now(), done });
    try {
      await done;
    } catch (error) {
      this.#written.delete(path);
      throw error;
    }
  }

  /** All uses on a database, of every process that shares the folder. Throws errors of the file system. */
  async read(database: string): Promise<UsedAccount[]> {
    const folder = this.#folder(database);
    const names = (await nullIfMissing(readdir(folder))) ?? [];
    return Promise.all(
      names.map(async (name) => {
        const [projectId = '', account = ''] = name.split('.');
        return { projectId, account, usedAt: (await stat(join(folder, name))).mtime };
      }),
    );
  }

  #folder(database: string): string {
    return join(this.#root, database, 'accounts');
  }
}

async function touch(path: string): Promise<void> {
  const file = await inFolders(
    () => makeFolder(dirname(path)),
    () => open(path, 'a', 0o600),
  );
  try {
    const now = new Date();
    await file.utimes(now, now);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(path));
}
