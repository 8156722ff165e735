import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../../errors.ts';
import { readIdentity } from './claim-storage.ts';

/** Access to a storage for a reader that must change nothing: no trial is written and no folder is claimed. */
export interface StoredBytes {
  /** The identity of the folder; null when it is missing, for example when a volume is not mounted. */
  identity(): Promise<string | null>;
  /**
   * The SHA-256 and size of a key's file, read in portions; null when there is none. Throws errors of the file system.
   */
  measure(key: string): Promise<{ readonly sha256: string; readonly sizeBytes: number } | null>;
}

/** Opens the storage in a folder for reading. */
export function openStoredBytes(root: string): StoredBytes {
  return {
    identity: () => readIdentity(root),
    async measure(key) {
      const hash = createHash('sha256');
      let sizeBytes = 0;
      try {
        for await (const chunk of createReadStream(join(root, key)) as AsyncIterable<Buffer>) {
          hash.update(chunk);
          sizeBytes += chunk.length;
        }
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return null;
        throw error;
      }
      return { sha256: hash.digest('hex'), sizeBytes };
    },
  };
}
