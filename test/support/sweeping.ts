import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasImages } from '../../src/features/images/has-images.ts';
import type { Sweeper } from '../../src/features/storage-sweep/sweep-state.ts';
import { createLogger } from '../../src/logger.ts';
import { connectDatabase, type Database } from '../../src/platform/db/connect.ts';
import { forEachOf } from '../../src/platform/for-each-of.ts';
import { blobKey } from '../../src/platform/storage/blob-key.ts';
import { claimFor } from '../../src/platform/storage/claim-storage.ts';
import { openLocalStorage } from '../../src/platform/storage/local-storage.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

/** Everything is old at once. */
export const noAge = { uploadsMs: 0, filesMs: 0, unfinishedMs: 0 };

/** A database and a folder of pictures that no server uses, to be swept. */
export interface SweptPlace extends Sweeper {
  readonly root: string;
  readonly db: Database;
  readonly database: string;
  readonly testDatabase: TestDatabase;
  readonly lines: string[];
  /** Writes a file of a project that is as old as the hills; resolves to its hash. */
  putOld(projectId: string, text: string): Promise<string>;
  /** The same of so many files, each with a text of its own. */
  putManyOld(projectId: string, count: number): Promise<void>;
  /** Writes the row of a picture. */
  addImage(projectId: string, sha256: string, ageHours?: number): Promise<string>;
  close(): Promise<void>;
}

export async function openSweptPlace(): Promise<SweptPlace> {
  const testDatabase = await createTestDatabase();
  const db = connectDatabase(testDatabase.url);
  const root = await mkdtemp(join(tmpdir(), 'dramatis-swept-'));
  const lines: string[] = [];
  const log = createLogger('info', { write: (line) => void lines.push(line) });
  const storage = await openLocalStorage(root, { log, claim: claimFor(db, hasImages) });
  const place: SweptPlace = {
    testDatabase,
    db,
    root,
    storage,
    log,
    lines,
    database: randomUUID(),
    async putOld(projectId, text) {
      const bytes = Buffer.from(text);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const key = blobKey(projectId, sha256);
      await storage.put(key, bytes);
      await utimes(join(root, key), 1_000_000, 1_000_000);
      return sha256;
    },
    async putManyOld(projectId, count) {
      const numbers = Array.from({ length: count }, (_, number) => number);
      await forEachOf(numbers, 50, async (number) => void (await place.putOld(projectId, `stray ${number}`)));
    },
    async addImage(projectId, sha256, ageHours = 0) {
      const uploadedAt = new Date(Date.now() - ageHours * 3_600_000);
      const facts = { contentType: 'image/png', sizeBytes: 1, width: 1, height: 1, uploadedAt };
      return (await db.image.create({ data: { projectId, sha256, ...facts } })).id;
    },
    async close() {
      storage.close();
      await db.$disconnect();
      await testDatabase.drop();
    },
  };
  return place;
}
