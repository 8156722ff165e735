import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasImages } from '../../src/features/images/has-images.ts';
import { sweepAll } from '../../src/features/storage-sweep/sweep.ts';
import { createLogger } from '../../src/logger.ts';
import { connectDatabase } from '../../src/platform/db/connect.ts';
import { blobKey, readKey } from '../../src/platform/storage/blob-key.ts';
import { claimFor } from '../../src/platform/storage/claim-storage.ts';
import { openLocalStorage } from '../../src/platform/storage/local-storage.ts';
import type { Database } from './database.ts';

/** What is left behind, by what it is. */
export type Leftovers = Readonly<
  Record<'filesWithoutRow' | 'rowsWithoutFile' | 'unfinished' | 'unusedUploads', number>
>;

const images = 'SELECT project_id::text AS project, sha256 FROM images';
const keptBytes = `
  SELECT g.project_id::text AS project, o->>'sha256' AS sha256
  FROM generations g, jsonb_array_elements(coalesce(g.outputs, '[]') || g.output_problems) o WHERE o ? 'sha256'`;
const unused = `
  SELECT count(*) AS count FROM images i
  WHERE NOT EXISTS (SELECT 1 FROM reference_images r WHERE r.image_id = i.id)
    AND NOT EXISTS (SELECT 1 FROM generated_images o WHERE o.image_id = i.id)
    AND NOT EXISTS (SELECT 1 FROM generations g, jsonb_array_elements(g."references") r WHERE r->>'imageId' = i.id::text)`;

/** Counts it by looking at every row and every file, without the sweep's own statements. */
export async function countLeftovers(database: Database, folder: string): Promise<Leftovers> {
  const keyOf = ({ project, sha256 }: Record<string, unknown>) => blobKey(String(project), String(sha256));
  const pictures = (await database.insist(images)).map(keyOf);
  const named = new Set([...pictures, ...(await database.insist(keptBytes)).map(keyOf)]);
  const files = (await readdir(join(folder, 'projects'), { recursive: true, withFileTypes: true })).flatMap(
    (entry) => (entry.isFile() ? [join(entry.parentPath, entry.name).slice(folder.length + 1)] : []),
  );
  const isNamed = (file: string) => {
    const key = readKey(file);
    return key !== null && named.has(blobKey(key.projectId, key.sha256));
  };
  const [row] = await database.insist(unused);
  return {
    filesWithoutRow: files.filter((file) => !isNamed(file)).length,
    rowsWithoutFile: pictures.filter((key) => !existsSync(join(folder, key))).length,
    unfinished: (await readdir(join(folder, 'unfinished'))).length,
    unusedUploads: Number(row?.count),
  };
}

/** Sweeps as servers do, but as if everything were old: files are found in one round, and removed in the next. */
export async function sweepLeftovers(databaseUrl: string, folder: string): Promise<void> {
  const log = createLogger('warn', { write: () => undefined });
  const db = connectDatabase(databaseUrl);
  const storage = await openLocalStorage(folder, { log, claim: claimFor(db, hasImages) });
  try {
    const database = (await readFile(join(folder, '.database'), 'utf8').catch(() => 'storm')).trim();
    const noAge = { uploadsMs: 0, filesMs: 0, unfinishedMs: 0 };
    for (let rounds = 0; rounds < 2; rounds += 1) await sweepAll({ db, storage, log, database }, noAge);
  } finally {
    storage.close();
    await db.$disconnect();
  }
}
