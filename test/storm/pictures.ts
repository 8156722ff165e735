import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blobKey } from '../../src/platform/storage/blob-key.ts';
import type { Database } from './database.ts';

const stored = `
  SELECT g.idempotency_key AS key, i.project_id AS project, i.sha256
  FROM generated_images o JOIN images i ON i.id = o.image_id JOIN generations g ON g.id = o.generation_id`;

/** Runs that were charged, and whose pictures, or some of them, were not kept. The simulator delivers none that is broken. */
const unkept = `
  SELECT g.idempotency_key AS key, g.status, g.failure_code, g.output_problems::text AS problems FROM generations g
  WHERE g.cost_micros > 0 AND (g.status = 'FAILED' OR g.status = 'COMPLETED' AND g.output_problems::text NOT IN ('[]', 'null'))`;

/** The pictures that runs have paid for: how many are in the folder whole, and which ones are lost. */
export async function countPictures(
  database: Database,
  folder: string,
): Promise<{ kept: number; lost: string[] }> {
  const lost = (await database.insist(unkept)).map(
    ({ key, status, failure_code, problems }) => `${key} is ${status}: ${failure_code ?? problems}`,
  );
  let kept = 0;
  for (const { key, project, sha256 } of await database.insist(stored)) {
    const bytes = await readFile(join(folder, blobKey(String(project), String(sha256)))).catch(() => null);
    if (bytes && createHash('sha256').update(bytes).digest('hex') === sha256) kept += 1;
    else lost.push(`${key}: ${bytes ? 'its file is another one' : 'its file is missing'}`);
  }
  return { kept, lost };
}
