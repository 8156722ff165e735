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
  /** The committed intents that its transaction follows. Once it is committed, its own note proves them too. */
  readonly supersedes: readonly string[];
}

/** The notes of this process and of the other processes that share the folder. */
export interface AllNotes {
  readonly mine: readonly NotedIntent[];
  readonly others: readonly NotedIntent[];
}

/**
 * Intents to submit, kept outside of the database: they show when the database was restored to an older state. Each
 * database has a folder of its own, so the notes of another database are never read. A file is never changed: for each
 * change a process writes a new file, and then removes its old one. So a reader sees the notes of a process complete,
 * and no process can overwrite the notes of another.
 */
export class IntentNotes {
  readonly #root: string;
  readonly #accounts: AccountNotes;
  #database = '';
  #server = '';
  readonly #own = new Map<string, OwnIntent>();
  /** The notes in the files of other processes, by the name of the file. */
  #others = new Map<string, readonly NotedIntent[]>();
  /** The names of this process's file, and of the files that are being written to replace it. */
  readonly #names = new Set<string>();
  #writing: Promise<void> = Promise.resolve();
  #queued: Promise<void> | null = null;
  #problem: string | null = null;

  /** Keeps notes in a folder below `root`; `belongTo` sets which. */
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

  /** Sets the database of the notes. Resolves to whether there are notes of other databases, which are not read. */
  async belongTo(database: string, server: string): Promise<boolean> {
    this.#server = server;
    if (database !== this.#database) {
      await this.close();
      this.#own.clear();
      this.#others.clear();
      this.#names.clear();
      this.#database = database;
      await makeFolder(this.#directory);
      // The folder may have been made by a process that ended before this point.
      await syncFolder(this.#root);
    }
    return (await readdir(this.#root)).some((name) => name !== database);
  }

  /** Resolves when the use of an account for a project is on the disk. Throws errors of the file system. */
  async noteAccount(used: Omit<UsedAccount, 'usedAt'>): Promise<void> {
    await this.#noting(this.#accounts.note(this.#database, used));
  }

  /** The accounts that were used on a database. Throws errors of the file system. */
  accountsOf(database: string): Promise<UsedAccount[]> {
    return this.#accounts.read(database);
  }

  /** Resolves when the intent is on the disk, before it is committed. Throws errors of the file system. */
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

  /** Records that an intent was committed, so that the database must know it from now on. */
  commit(token: string): void {
    const intent = this.#own.get(token);
    // Meanwhile `belongTo` may have set another database.
    if (!intent) return;
    for (const each of intent.supersedes) this.#own.delete(each);
    this.#own.set(token, { ...intent, isCommitted: true, supersedes: [] });
    // Until this is written the note counts as not committed, which is safe.
    void this.#save().catch(() => undefined);
  }

  /** Removes an intent that was not committed, or for which nothing will be sent. */
  async drop(token: string): Promise<void> {
    if (this.#own.delete(token)) await this.#save();
  }

  /** All notes about this database. Throws errors of the file system. */
  async read(): Promise<AllNotes> {
    for (;;) {
      const names = (await this.#list()).filter((name) => !this.#names.has(name));
      const files = await Promise.all(names.map(async (name) => [name, await this.#open(name)] as const));
      const whole = files.flatMap(([name, intents]) => (intents ? [[name, intents] as const] : []));
      // A file that is gone was replaced by a newer file, so the folder is read again.
      if (whole.length < files.length) continue;
      this.#others = new Map(whole);
      return { mine: [...this.#own.values()], others: whole.flatMap(([, intents]) => intents) };
    }
  }

  /**
   * Takes over files of other processes when each of their intents is settled: `known` to the database, or `idle`,
   * which means without consequence. Known intents stay noted. A running process loses nothing, because it has its
   * notes in memory.
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

  /** Why nothing can be noted, so that nothing is submitted; null when notes work. After a failure it tries again. */
  async findProblem(): Promise<string | null> {
    if (this.#problem !== null) await this.#save().catch(() => undefined);
    return this.#problem;
  }

  async #noting(write: Promise<void>): Promise<void> {
    try {
      await write;
      this.#problem = null;
    } catch (error) {
      this.#problem = `submits cannot be noted: ${errorCode(error) ?? 'the disk gives no reason'}`;
      throw error;
    }
  }

  /** Resolves when no write is pending. */
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

  /**
   * The files of all processes. When the folder, or the file of this process, was removed, its notes are written again.
   */
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

  /** A write that has begun may miss a change. The next write includes all changes made until it begins. */
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
    // The name counts as this process's own before the file can be read.
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
