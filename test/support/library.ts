import { randomUUID } from 'node:crypto';
import { toGlobalId } from '../../src/platform/reads/global-id.ts';
import type { TestDatabase } from './database.ts';

/** A filled project, by row ids. */
export interface Library {
  readonly projectId: string;
  readonly characterIds: readonly string[];
}

/**
 * A project with characters, reference images and ended runs, written straight into the tables: with texts that JSON must
 * escape, nulls wherever a column may be null, and several rows for each moment, so that ties must be broken.
 */
export async function fillLibrary(
  { query }: TestDatabase,
  { characters = 12, referenceImages = 4, runs = 7 } = {},
): Promise<Library> {
  const projectId = randomUUID();
  await query(`INSERT INTO projects (id, name) VALUES ($1, E'Library \\u00fc "quoted" \\\\ \\n')`, [
    projectId,
  ]);
  await query(
    `INSERT INTO images (id, project_id, sha256, content_type, size_bytes, width, height)
     SELECT gen_random_uuid(), $1::uuid, md5($1::text || i) || md5(i::text), 'image/png', 1000 + i, 64 + i, 64
     FROM generate_series(1, 20) i`,
    [projectId],
  );
  await query(
    `INSERT INTO characters (id, project_id, name, description, appearance, tags, created_at, updated_at, archived_at)
     SELECT gen_random_uuid(), $1::uuid, 'Character ' || i, CASE WHEN i % 2 = 0 THEN E'tab\\t, \\u0001, \\U0001F600 and / "' END,
       CASE WHEN i % 3 = 0 THEN repeat('tall ', i) END,
       CASE WHEN i % 4 = 0 THEN ARRAY['a "b"', 'c, d', E'\\\\', '{}', 'NULL', ''] ELSE '{}'::text[] END,
       '2026-01-01T00:00:00Z'::timestamptz + (i / 3) * interval '1 day' + (i / 3) * interval '1 millisecond',
       '2026-01-02T00:00:00.120Z', CASE WHEN i % 5 = 0 THEN now() END
     FROM generate_series(1, $2::int) i`,
    [projectId, characters],
  );
  await query(
    `INSERT INTO reference_images (id, character_id, image_id, kind, label, created_at)
     SELECT gen_random_uuid(), c.id, (SELECT id FROM images WHERE project_id = $1 AND width = 64 + 1 + (i % 20)),
       (ARRAY['FACE', 'POSE', 'BODY', 'STYLE'])[1 + i % 4]::"ReferenceImageKind", CASE WHEN i % 2 = 0 THEN 'Label ' || i END,
       '2026-02-01T00:00:00Z'::timestamptz + (i / 2) * interval '1 hour'
     FROM characters c CROSS JOIN generate_series(1, $2::int) i WHERE c.project_id = $1 AND c.name <> 'Character 1'`,
    [projectId, referenceImages],
  );
  await query(
    `INSERT INTO generations (id, project_id, character_id, request_hash, model, model_version, prompt, parameters, "references",
       seed, wakeup_id, provider_account, hold_micros, batch, requested_at)
     SELECT gen_random_uuid(), $1::uuid, c.id, repeat('0', 64), 'consistent-character', '1',
       CASE WHEN i % 3 = 0 THEN NULL ELSE 'Prompt ' || i END, '{"b": [1, 2.50, "x"], "a": {"z": null}}',
       CASE WHEN i % 2 = 0 THEN jsonb_build_array(jsonb_build_object('parameter', 'subject',
         'imageId', (SELECT id FROM images WHERE project_id = $1 LIMIT 1),
         'sha256', repeat('a', 64), 'contentType', 'image/png', 'referenceImageId', NULL)) ELSE '[]' END,
       9007199254740991 - i, gen_random_uuid(), 'server', 100000 + i, CASE WHEN i % 4 = 0 THEN 'Cover' END,
       '2026-03-01T00:00:00Z'::timestamptz + (i / 2) * interval '1 minute'
     FROM characters c CROSS JOIN generate_series(1, $2::int) i WHERE c.project_id = $1 AND c.name <> 'Character 2'`,
    [projectId, runs],
  );
  await query(
    `UPDATE generations g SET status = 'COMPLETED', finished_at = requested_at + interval '70 seconds', inference_seconds = 0.1 + pictures,
       cost_micros = 58000, cost_source = 'PROVIDER', pictures = 2
     WHERE project_id = $1 AND prompt IN ('Prompt 1', 'Prompt 4', 'Prompt 5')`,
    [projectId],
  );
  await query(
    `UPDATE generations SET status = 'FAILED', finished_at = now(), failure_code = 'PROVIDER_FAILED', failure_message = E'said "no"\\n',
       failure_retryable = true, cost_micros = 0, cost_source = 'NOT_CHARGED', inference_seconds = 1e-7,
       output_problems = '[{"index": 1, "code": "DAMAGED", "message": "x"}, {"index": 2, "code": "NOT_A_PICTURE", "message": "y",
         "sha256": "${'d'.repeat(64)}", "sizeBytes": 7, "contentType": "image/tiff", "providerUrl": "https://images.example/2"}]'
     WHERE project_id = $1 AND prompt = 'Prompt 2'`,
    [projectId],
  );
  await query(
    `UPDATE generations SET waiting_for = 'STORAGE', waiting_since = '2026-03-02T00:00:00.123Z'
     WHERE project_id = $1 AND prompt = 'Prompt 7'`,
    [projectId],
  );
  await query(
    `INSERT INTO generated_images (id, generation_id, "index", image_id, verdict)
     SELECT gen_random_uuid(), g.id, i, (SELECT id FROM images WHERE project_id = $1 AND width = 65 + i),
       CASE WHEN i = 1 THEN 'FAVORITE'::"ImageVerdict" END
     FROM generations g CROSS JOIN generate_series(0, 1) i WHERE g.project_id = $1 AND g.status IN ('COMPLETED', 'FAILED')`,
    [projectId],
  );
  const rows = await query(
    'SELECT id::text AS id FROM characters WHERE project_id = $1 ORDER BY created_at, id',
    [projectId],
  );
  return { projectId, characterIds: rows.map(({ id }) => String(id)) };
}

/** The query of a frontend that opens a library. */
export const libraryQuery = `query Library($projectId: ID!) { project(id: $projectId) { characters(first: 50) { nodes {
  id name description appearance tags createdAt updatedAt
  referenceImages(first: 3) { id kind label createdAt }
  generations(first: 5) { nodes { id status prompt batch modelVersion isSlow cost requestedAt submittedAt finishedAt
    inferenceSeconds } } } } } }`;

/** A project as clients name it. */
export function projectOf({ projectId }: Library): string {
  return toGlobalId('Project', projectId);
}
