import { open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inFolders, isThere, makeFolder, nullIfMissing, syncFolder } from '../../durable-file.ts';

/** An account that a project's runs were to be paid with. */
export interface UsedAccount {
  readonly projectId: string;
  readonly account: string;
  /** The last use, up to `usedAgainMs` too early. */
  readonly usedAt: Date;
}

/** How long a use stands for those that follow. */
export const usedAgainMs = 60 * 60 * 1_000;
const namePattern = /^[\w-]+$/;

/**
 * Which accounts each project's intents used, kept outside of the database: an older state of it does not know an account
 * that was set since. There is an empty file for each pair of project and account, and its time is that of the last use.
 */
export class AccountNotes {
  readonly #root: string;
  /** By file: when this process has written it, and the end of that. */
  readonly #written = new Map<string, { readonly at: number; readonly done: Promise<void> }>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Resolves when the use is on the disk. Throws what the disk says. */
  async note(database: string, { projectId, account }: Omit<UsedAccount, 'usedAt'>): Promise<void> {
    if (!namePattern.test(projectId) || !namePattern.test(account)) throw new Error('An account has a name.');
    const path = join(this.#folder(database), `${projectId}.${account}`);
    const before = this.#written.get(path);
    // The clock may have been set back.
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

  /** All that was used on a database, by any process that shares the folder. Throws what the disk says. */
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
