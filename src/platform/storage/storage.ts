import type { Readable } from 'node:stream';
import type { StorageHealth } from './storage-health.ts';

/** Stored bytes as a stream. */
export interface StoredStream {
  readonly sizeBytes: number;
  readonly stream: Readable;
}

/** A file that is written while its bytes come, and gets its key when it is complete. */
export interface SpoolFile {
  write(chunk: Buffer): Promise<void>;
  end(): Promise<FinishedSpool>;
  discard(): Promise<void>;
}

/** The complete bytes. Unless they are kept, they are removed with the unfinished files after a while. */
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
  /** The place where the next page begins; null at the end. */
  readonly next: string | null;
}

/** The result of a step for a file that no row names: it is too young, it was marked, or it was removed. */
export type Disposal = 'KEPT' | 'MARKED' | 'REMOVED';

/** The work on files that no row names. Every method throws StorageUnavailable. */
export interface StorageUpkeep {
  /**
   * The next keys below a prefix. Their order is stable, so a page can begin where another process has stopped. Folders
   * that have been empty for `emptyAgeMs` are removed on the way.
   */
  listKeys(
    prefix: string,
    after: string | null,
    how: { readonly limit: number; readonly emptyAgeMs: number },
  ): Promise<FilesPage>;
  /**
   * The next step of the removal of a file that no row names. It is marked when it is as old as `ageMs`, and removed
   * when the mark is as old as `ageMs`. `put` with its key takes the mark away.
   */
  dispose(key: string, ageMs: number): Promise<Disposal>;
  /**
   * Whether the files belong to this database. The first database that asks is recorded in the folder. Another
   * database, such as a copy with the same folder, gets false, because files without a row in it may have a row in the
   * first one.
   */
  belongsTo(database: string): Promise<boolean>;
  /** Removes unfinished files that were not written to for `ageMs`. Resolves to their number. */
  removeUnfinished(ageMs: number): Promise<number>;
}

/**
 * The store of picture bytes, by key. It is a local disk now; an object store has the same operations. Every method
 * throws StorageUnavailable when the storage as a whole, or the file of the key, does not work.
 */
export interface Storage {
  /**
   * Stores bytes under a key: all of them or none. Putting the same key twice is no error. The bytes must be put before
   * a row that names the key is written: see `upkeep`.
   */
  put(key: string, bytes: Buffer): Promise<void>;
  /** The bytes, or null when there are none. */
  get(key: string): Promise<Buffer | null>;
  /** The same as a stream, for files that may be large. */
  open(key: string): Promise<StoredStream | null>;
  has(key: string): Promise<boolean>;
  /** Opens a file for bytes whose key is not known yet. */
  spool(): SpoolFile;
  /** Deletes a file. A missing file is no error. */
  delete(key: string): Promise<void>;
  /** Deletes every key below a prefix, a path without a slash at its end. */
  deleteAll(prefix: string): Promise<void>;
  readonly health: StorageHealth;
  readonly upkeep: StorageUpkeep;
  /**
   * Whether a missing file is lost. It is when the storage is that of the database's pictures, not of another
   * installation, and no file in it waits to be sorted by project.
   */
  isWhole(): Promise<boolean>;
  /** Ends the trials that find out whether the storage works again. */
  close(): void;
}
