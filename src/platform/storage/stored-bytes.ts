import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../../errors.ts';
import { readIdentity } from './claim-storage.ts';

/** What lies in a storage, for a reader that must change nothing: no trial is written and no folder is claimed. */
export interface StoredBytes {
  /** The identity of the folder; null where it is missing, as where a volume is not mounted. */
  identity(): Promise<string | null>;
  /** The hash and size of what a key leads to, read in portions; null when nothing is there. Throws what the disk says. */
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
