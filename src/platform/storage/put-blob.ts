import { createHash } from 'node:crypto';
import { blobKey } from './blob-key.ts';
import type { Storage } from './storage.ts';

/** Stores bytes of a project under their SHA-256, and resolves to it. Throws StorageUnavailable. */
export async function putBlob(storage: Storage, projectId: string, bytes: Buffer): Promise<string> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await storage.put(blobKey(projectId, sha256), bytes);
  return sha256;
}
