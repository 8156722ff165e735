import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inFolders, makeFolder, syncFolder } from '../../durable-file.ts';
import { errorCode } from '../../errors.ts';
import { AccountNotes, type UsedAccount } from './account-notes.ts';
import {
  listNoteFiles,
  type NotedIntent,
  readNoteFile,
  removeUnfinishedNotes,
  writeNoteFile,
} from './note-file.ts';

export type { NotedIntent };

interface OwnIntent extends NotedIntent {
  /** The committed intents that its transaction proves: once it is committed, its own note is enough. */
  readonly supersedes: readonly string[];
}

/** What was noted, by this process and by the others that share the folder. */
export interface AllNotes {
  readonly mine: readonly NotedIntent[];
  readonly others: readonly NotedIntent[];
}

/**
 * Intents to submit, kept outside of the database: they tell when the database has gone back to an older state. Each
 * database has a folder of its own, so the notes of another one are never read. A file is never changed: a process that
 * notes more writes a new file, and then removes its old one. So a reader sees each process's notes whole, and no process
 * can overwrite the notes of another.
 */
export class IntentNotes {
  readonly #root: string;
  readonly #accounts: AccountNotes;
  #database = '';
  #server = '';
  readonly #own = new Map<string, OwnIntent>();
  /** What other processes' files say, by name. */
  #others = new Map<string, readonly NotedIntent[]>();
  /** The file that says what `own` does, and those that are on their way to replace it. */
  readonly #names = new Set<string>();
  #writing: Promise<void> = Promise.resolve();
  #queued: Promise<void> | null = null;
  #problem: string | null = null;

  /** Notes in a folder below `root`; `belongTo` says which. */
  constructor(root: string) {
    this.#root = root;
    this.#accounts = new AccountNotes(root);
  }

  /** The database that the notes are about. */
  get database(): string {
    return this.#database;
  }

  /** The Postgres on which the next intents will be committed. */
  get server(): string {
    return this.#server;
  }

  set server(server: string) {
    this.#server = server;
  }

  /** From here on the notes are about this database. Resolves to whether there are notes of others, which mean nothing. */
  async belongTo(database: string, server: string): Promise<boolean> {
    this.#server = server;
    if (database !== this.#database) {
      await this.close();
      this.#own.clear();
      this.#others.clear();
      this.#names.clear();
      this.#database = database;
      await makeFolder(this.#directory);
      // It may have been made by a process that did not come this far.
      await syncFolder(this.#root);
    }
    return (await readdir(this.#root)).some((name) => name !== database);
  }

  /** Resolves when it is on the disk that this account is used for the project. Throws what the disk says. */
  async noteAccount(used: Omit<UsedAccount, 'usedAt'>): Promise<void> {
    await this.#noting(this.#accounts.note(this.#database, used));
  }

  /** The accounts that were used on a database. Throws what the disk says. */
  accountsOf(database: string): Promise<UsedAccount[]> {
    return this.#accounts.read(database);
  }

  /** Resolves when the intent is on the disk, before it is committed. Throws what the disk says. */
  async begin({ token, generationId }: Pick<NotedIntent, 'token' | 'generationId'>): Promise<void> {
    const supersedes = [...this.#own.values()].flatMap((each) => (each.isCommitted ? [each.token] : []));
    this.#own.set(token, { token, generationId, server: this.#server, isCommitted: false, supersedes });
    try {
      await this.#save();
    } catch (error) {
      this.#own.delete(token);
      throw error;
    }
  }

  /** It was committed: from here on the database must know it. */
  commit(token: string): void {
    const intent = this.#own.get(token);
    // The notes may have become another database's in the meantime.
    if (!intent) return;
    for (const each of intent.supersedes) this.#own.delete(each);
    this.#own.set(token, { ...intent, isCommitted: true, supersedes: [] });
    // Until this is written the note says too little, which is safe.
    void this.#save().catch(() => undefined);
  }

  /** It was not committed, or nothing will be sent for it. */
  async drop(token: string): Promise<void> {
    if (this.#own.delete(token)) await this.#save();
  }

  /** Everything that is noted about this database. Throws what the disk says. */
  async read(): Promise<AllNotes> {
    for (;;) {
      const names = (await this.#list()).filter((name) => !this.#names.has(name));
      const files = await Promise.all(names.map(async (name) => [name, await this.#open(name)] as const));
      const whole = files.flatMap(([name, intents]) => (intents ? [[name, intents] as const] : []));
      // A file that is gone was replaced by a newer one.
      if (whole.length < files.length) continue;
      this.#others = new Map(whole);
      return { mine: [...this.#own.values()], others: whole.flatMap(([, intents]) => intents) };
    }
  }

  /**
   * Takes over the files of other processes of which every intent is settled: `known` to the database, or `idle`, of no
   * consequence. What is known stays noted. A process that lives has its own notes in its memory.
   */
  async adopt(known: ReadonlySet<string>, idle: ReadonlySet<string>): Promise<void> {
    await removeUnfinishedNotes(this.#directory);
    const settled = [...this.#others].filter(([, intents]) =>
      intents.every(({ token }) => known.has(token) || idle.has(token)),
    );
    if (settled.length === 0) return;
    for (const each of settled.flatMap(([, intents]) => intents))
      if (known.has(each.token)) this.#own.set(each.token, { ...each, isCommitted: true, supersedes: [] });
    await this.#save();
    for (const [name] of settled) await rm(join(this.#directory, name), { force: true });
  }

  /** Why nothing can be noted, so that nothing is submitted; null as long as it can. Tries it again where it could not. */
  async findProblem(): Promise<string | null> {
    if (this.#problem !== null) await this.#save().catch(() => undefined);
    return this.#problem;
  }

  async #noting(write: Promise<void>): Promise<void> {
    try {
      await write;
      this.#problem = null;
    } catch (error) {
      this.#problem = `submits cannot be noted: ${errorCode(error) ?? 'the disk does not say why'}`;
      throw error;
    }
  }

  /** Resolves when nothing is being written any more. */
  async close(): Promise<void> {
    await this.#queued?.catch(() => undefined);
    await this.#writing;
  }

  get #directory(): string {
    return join(this.#root, this.#database);
  }

  async #open(name: string): Promise<readonly NotedIntent[] | null> {
    return this.#others.get(name) ?? readNoteFile(join(this.#directory, name));
  }

  /** The files of all processes. Where the folder, or our file, was removed, what this process has noted is noted again. */
  async #list(): Promise<string[]> {
    const names = await listNoteFiles(this.#directory).catch(async (error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error;
      await this.#save();
      return listNoteFiles(this.#directory);
    });
    const isGone = this.#names.size > 0 && !names.some((name) => this.#names.has(name));
    if (isGone) void this.#save().catch(() => undefined);
    return names;
  }

  /** A write that has begun may miss what was just added: the next one takes along all that came by then. */
  #save(): Promise<void> {
    this.#queued ??= this.#writing.then(() => {
      this.#queued = null;
      const write = this.#noting(this.#write());
      this.#writing = write.catch(() => undefined);
      return write;
    });
    return this.#queued;
  }

  async #write(): Promise<void> {
    const intents = [...this.#own.values()].map(({ supersedes, ...intent }) => intent);
    const replaced = [...this.#names];
    // It is ours from the moment at which it can be read.
    const write = () =>
      writeNoteFile(this.#directory, randomUUID(), intents, (name) => this.#names.add(name));
    await write().catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error;
      return inFolders(() => makeFolder(this.#directory), write);
    });
    for (const each of replaced) {
      await rm(join(this.#directory, each), { force: true });
      this.#names.delete(each);
    }
  }
}
