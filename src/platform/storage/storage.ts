import type { StorageHealth } from './storage-health.ts';

/**
 * Where picture bytes are kept, by key. Local disk now; an object store has the same verbs. Every verb throws
 * StorageUnavailable when the storage as a whole, or what the key leads to, does not work.
 */
export interface Storage {
  /** Keeps bytes under a key: all of them or none. Putting the same key twice is no error. */
  put(key: string, bytes: Buffer): Promise<void>;
  /** The bytes, or null when there are none. */
  get(key: string): Promise<Buffer | null>;
  has(key: string): Promise<boolean>;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
  /** Deletes every key below a prefix, a path without a slash at its end. */
  deleteAll(prefix: string): Promise<void>;
  readonly health: StorageHealth;
  /**
   * Whether what it does not have is lost: it is the storage that the database's pictures are in, not another
   * installation's, and nothing in it waits to be sorted by project.
   */
  isWhole(): Promise<boolean>;
  /** Ends the attempts to find out whether it works again. */
  close(): void;
}
