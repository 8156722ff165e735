/** Where picture bytes are kept, by key. Local disk now; an object store has the same verbs. */
export interface Storage {
  /** Keeps bytes under a key: all of them or none. Putting the same key twice is no error. Throws StorageFull. */
  put(key: string, bytes: Buffer): Promise<void>;
  /** The bytes, or null when there are none. */
  get(key: string): Promise<Buffer | null>;
  has(key: string): Promise<boolean>;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
  /** Deletes every key below a prefix, a path without a slash at its end. */
  deleteAll(prefix: string): Promise<void>;
}

/** There is no room; later there may be. */
export class StorageFull extends Error {
  override name = 'StorageFull';
}
