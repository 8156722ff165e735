import type pg from 'pg';
import { fillBooks } from '../books.ts';

/** About 250,000 runs, so that most characters have a row of the rollups on every third day. */
const entries = 737_000;
const characters = 8_000;

/** Three reference images for each character, so that the library query reads as many objects as elsewhere. */
const references = `WITH added AS (
    SELECT c.id, c.project_id, place, gen_random_uuid() AS image_id FROM characters c, generate_series(1, 3) place
    WHERE c.project_id = $1
  ), stored AS (
    INSERT INTO images (id, project_id, sha256, content_type, size_bytes, width, height)
    SELECT image_id, project_id, encode(sha256(image_id::text::bytea), 'hex'), 'image/webp', 240000, 1024, 1024 FROM added
    RETURNING id
  )
  INSERT INTO reference_images (id, character_id, image_id, kind, label)
  SELECT gen_random_uuid(), id, image_id, (ARRAY['FACE', 'BODY', 'STYLE'])[place]::"ReferenceImageKind", 'sheet ' || place
  FROM added`;

/** Fills a project with books and reference images. Resolves to the row id of the project. */
export async function fillLibraryBooks(client: pg.ClientBase, log: (line: string) => void): Promise<string> {
  const startedAt = performance.now();
  const projectId = await fillBooks(client, entries, characters);
  await client.query('SET session_replication_role = replica');
  await client.query(references, [projectId]);
  await client.query('SET session_replication_role = DEFAULT');
  await client.query('VACUUM (ANALYZE)');
  log(`filled ${entries} entries in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
  return projectId;
}
