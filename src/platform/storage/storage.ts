import type { Readable } from 'node:stream';
import type { StorageHealth } from './storage-health.ts';

/** Bytes on their way out of storage. */
export interface StoredStream {
  readonly sizeBytes: number;
  readonly stream: Readable;
}

/** A file that grows while its bytes come, and gets its key when all are there. */
export interface SpoolFile {
  write(chunk: Buffer): Promise<void>;
  end(): Promise<FinishedSpool>;
  discard(): Promise<void>;
}

/** All of the bytes. They are litter after a while, unless they are kept. */
export interface FinishedSpool {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly head: Buffer;
  read(): Promise<Buffer>;
  keep(key: string): Promise<void>;
  discard(): Promise<void>;
}

/** Keys in their order, and where the next page begins. */
export interface FilesPage {
  readonly keys: readonly string[];
  /** Null at the end. */
  readonly next: string | null;
}

/** What became of a file that no row names: it is too young, it is marked for an age, or it is gone. */
export type Disposal = 'KEPT' | 'MARKED' | 'REMOVED';

/** What is done with files that are left behind. Every verb throws StorageUnavailable. */
export interface StorageUpkeep {
  /**
   * The next keys below a prefix, in an order that stays: a page can begin where another process has stopped. Folders that
   * have been empty for `emptyAgeMs` are removed on the way.
   */
  listKeys(
    prefix: string,
    after: string | null,
    how: { readonly limit: number; readonly emptyAgeMs: number },
  ): Promise<FilesPage>;
  /**
   * The next step towards the end of a file that no row names. It is marked when it is as old as `ageMs`, and removed when
   * it was marked so long ago. `put` with its key takes the mark away.
   */
  dispose(key: string, ageMs: number): Promise<Disposal>;
  /**
   * Whether the files are those of this database's rows. The first database that asks is noted in the folder; for any other
   * one, such as a copy that was given the same folder, files without a row may be those of the first.
   */
  belongsTo(database: string): Promise<boolean>;
  /** Removes unfinished files that were not written to for `ageMs`. Resolves to how many there were. */
  removeUnfinished(ageMs: number): Promise<number>;
}

/**
 * Where picture bytes are kept, by key. Local disk now; an object store has the same verbs. Every verb throws
 * StorageUnavailable when the storage as a whole, or what the key leads to, does not work.
 */
export interface Storage {
  /**
   * Keeps bytes under a key: all of them or none. Putting the same key twice is no error. Who writes a row that names the
   * key puts the bytes first: see `upkeep`.
   */
  put(key: string, bytes: Buffer): Promise<void>;
  /** The bytes, or null when there are none. */
  get(key: string): Promise<Buffer | null>;
  /** The same as a stream, for bytes that may be many. */
  open(key: string): Promise<StoredStream | null>;
  has(key: string): Promise<boolean>;
  /** A file for bytes of which nothing is known yet. */
  spool(): SpoolFile;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
  /** Deletes every key below a prefix, a path without a slash at its end. */
  deleteAll(prefix: string): Promise<void>;
  readonly health: StorageHealth;
  readonly upkeep: StorageUpkeep;
  /**
   * Whether what it does not have is lost: it is the storage that the database's pictures are in, not another
   * installation's, and nothing in it waits to be sorted by project.
   */
  isWhole(): Promise<boolean>;
  /** Ends the attempts to find out whether it works again. */
  close(): void;
}
