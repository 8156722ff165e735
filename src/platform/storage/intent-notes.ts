import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errorCode } from '../../errors.ts';

const noted = z.object({
  token: z.uuid(),
  generationId: z.uuid(),
  /** The Postgres on which it is committed, if it is: it names the start of its process. */
  server: z.string(),
  /** The process has seen that it was committed. */
  isCommitted: z.boolean(),
});
const file = z.object({ intents: z.array(noted) });
/** A file half written by a process that died is litter after this long. */
const unfinished = '.unfinished';
const litterAgeMs = 60 * 60 * 1_000;

/** An intent to submit, as a process has noted it. */
export type NotedIntent = z.infer<typeof noted>;

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
 * Intents to submit, kept outside of the database, so that a database that has gone back can be told. Each database has
 * a folder of its own, so the notes of another one mean nothing. A file is never changed: who notes more writes a new
 * file and then removes its old one. So a reader sees each process's notes whole, and no writer undoes another's.
 */
export class IntentNotes {
  readonly #root: string;
  #database = '';
  #server = '';
  readonly #own = new Map<string, OwnIntent>();
  /** What other processes' files say, by name. */
  #others = new Map<string, readonly NotedIntent[]>();
  /** The file that says what `own` does, and those that are on their way to replace it. */
  readonly #names = new Set<string>();
  #writing: Promise<void> = Promise.resolve();
  #queued: Promise<void> | null = null;

  /** Notes in a folder below `root`; `belongTo` says which. */
  constructor(root: string) {
    this.#root = root;
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
      await mkdir(this.#directory, { recursive: true });
      await syncFolder(this.#root);
    }
    return (await readdir(this.#root)).some((name) => name !== database);
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
      const names = (await readdir(this.#directory)).filter(
        (name) => name.endsWith('.json') && !this.#names.has(name),
      );
      const files = await Promise.all(names.map(async (name) => [name, await this.#open(name)] as const));
      const whole = files.flatMap(([name, intents]) => (intents ? [[name, intents] as const] : []));
      // A file that is gone was replaced by a newer one.
      if (whole.length < files.length) continue;
      this.#others = new Map(whole);
      return { mine: [...this.#own.values()], others: whole.flatMap(([, intents]) => intents) };
    }
  }

  /**
   * Takes over the files of other processes, as `read` found them, of which every intent is settled: KNOWN to the database,
   * or IDLE, of no consequence. What is known stays noted. A process that lives has its own notes in its memory.
   */
  async adopt(isSettled: (intent: NotedIntent) => 'KNOWN' | 'IDLE' | null): Promise<void> {
    await removeLitter(this.#directory);
    const settled = [...this.#others].filter(([, intents]) =>
      intents.every((each) => isSettled(each) !== null),
    );
    if (settled.length === 0) return;
    for (const each of settled.flatMap(([, intents]) => intents))
      if (isSettled(each) === 'KNOWN')
        this.#own.set(each.token, { ...each, isCommitted: true, supersedes: [] });
    await this.#save();
    for (const [name] of settled) await rm(join(this.#directory, name), { force: true });
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
    const known = this.#others.get(name);
    if (known) return known;
    const path = join(this.#directory, name);
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return null;
      throw error;
    });
    if (text === null) return null;
    try {
      return file.parse(JSON.parse(text)).intents;
    } catch (cause) {
      throw new Error(`${path} cannot be read. It says what was submitted: put it back, or remove it.`, {
        cause,
      });
    }
  }

  /** A write that has begun may miss what was just added: the next one takes along all that came by then. */
  #save(): Promise<void> {
    this.#queued ??= this.#writing.then(() => {
      this.#queued = null;
      const write = this.#write();
      this.#writing = write.catch(() => undefined);
      return write;
    });
    return this.#queued;
  }

  async #write(): Promise<void> {
    const intents = [...this.#own.values()].map(({ supersedes, ...intent }) => intent);
    const replaced = [...this.#names];
    const name = `${randomUUID()}.json`;
    const path = join(this.#directory, name);
    const temporary = `${path}${unfinished}`;
    try {
      const handle = await open(temporary, 'wx', 0o600);
      try {
        await handle.writeFile(JSON.stringify({ intents } satisfies z.input<typeof file>));
        await handle.sync();
      } finally {
        await handle.close();
      }
      // It is ours from the moment at which it can be read.
      this.#names.add(name);
      await rename(temporary, path);
      await syncFolder(this.#directory);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw error;
    }
    for (const each of replaced) {
      await rm(join(this.#directory, each), { force: true });
      this.#names.delete(each);
    }
  }
}

async function removeLitter(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(unfinished));
  for (const path of names.map((name) => join(directory, name))) {
    const ageMs = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (ageMs > litterAgeMs) await rm(path, { force: true });
  }
}

/** What was created in a folder, or renamed in it, is there after the power has failed. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
