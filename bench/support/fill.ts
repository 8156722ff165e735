import type pg from 'pg';

/** The size of a library. Each character has three reference images. */
export interface Size {
  readonly characters: number;
  readonly generations: number;
}

/** Part of the stamp. Increase it when the fill changes; then kept databases are filled again. */
export const fillVersion = 1;

/** The row ids of the large project, with four fifths of all characters, and of one of twenty with 100 each. */
export const libraryProjectId = '00000000-0000-7000-8000-000000000001';
export const otherProjectId = '00000000-0000-7000-8000-000000000002';

/**
 * A text with all characters that a serializer must handle: quotes, a backslash, line ends, a tab, non-ASCII letters.
 */
const story = `Mirel keeps the lighthouse at the edge of the salt marsh; she speaks with her hands, "like a conductor
of birds", and never takes off the copper ring. Grey eyes, a crooked nose, freckles; hair cropped short since the fire.
She wears her father's oilskin coat, two sizes too large, and boots mended with red thread.	In her bag: a chart, a
compass that points to C:\\harbour, a tin of ginger biscuits. Ågot, her sister, paints the same window each winter — all
blues, one lamp. The ferryman Tomás laughs with his whole body; a scar runs from his left ear to the chin. He says: "We
leave at half past five, whatever the sea thinks of it." No one has seen him sleep 🌊. The twins next door trade marbles
for stories, and stories for bread; one of them stutters, the other lends her the words. When fog comes in, the four of
them meet on the stairs, light a single candle, and wait for the horn. It is a small house, whitewashed, with a green
door and a bell that no one rings twice. Soft morning light, long shadows, film grain, 50 mm, shallow depth of field.`;

const text = (place: string, length: number) =>
  `substr($1, 1 + (${place} * 37 % ${story.length - length})::int, ${length})`;

/**
 * Three of five runs are spread evenly over all characters, so that each has 60. The other runs are concentrated on the
 * newest characters, by a power of the golden ratio's multiples, as in real libraries: of a million runs the newest
 * character has 50,000.
 */
const whose = `CASE WHEN k % 5 < 3 THEN (k / 5 * 3 + k % 5) % $2::int ELSE
  floor($2::int * power(k * 0.6180339887498949::float8 - floor(k * 0.6180339887498949::float8), 4.43))::int END`;

const steps = ({ characters, generations }: Size): [name: string, statement: string, values: unknown[]][] => [
  [
    'projects',
    `INSERT INTO projects (id, name, created_at)
     SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'Library ' || n, timestamptz '2025-01-01Z'
     FROM generate_series(1, 21) n`,
    [],
  ],
  [
    'characters',
    `INSERT INTO characters (id, project_id, name, description, appearance, tags, created_at, updated_at)
     SELECT uuidv7(at - now()),
       ('00000000-0000-7000-8000-' || lpad((CASE WHEN n < $2::int / 5 * 4 THEN 1 ELSE 2 + n % 20 END)::text, 12, '0'))::uuid,
       'Character ' || n, ${text('n', 150)}, ${text('n * 3', 200)}, ARRAY['keeper', 'chapter ' || n % 40, 'Ågot''s "set"'],
       at, at + interval '90 minutes 7.089 seconds'
     FROM generate_series(0, $2::int - 1) n, LATERAL (SELECT timestamptz '2026-05-30Z' - n * interval '71 minutes 3.017 seconds' AS at)`,
    [story, characters],
  ],
  [
    'reference images',
    `WITH added AS (
       SELECT c.*, place, gen_random_uuid() AS image_id, c.created_at + place * interval '4 minutes 1.5 seconds' AS at
       FROM characters c, generate_series(1, 3) place
     ), stored AS (
       INSERT INTO images (id, project_id, sha256, content_type, size_bytes, width, height, created_at)
       SELECT image_id, project_id, encode(sha256(image_id::text::bytea), 'hex'), 'image/webp', 240000, 1024, 1024, at FROM added
     )
     INSERT INTO reference_images (id, character_id, image_id, kind, label, created_at)
     SELECT uuidv7(at - now()), id, image_id, (ARRAY['FACE', 'BODY', 'STYLE'])[place]::"ReferenceImageKind",
       CASE WHEN place < 3 THEN 'sheet ' || place || ' of ' || name END, at FROM added`,
    [],
  ],
  [
    'generations',
    `WITH numbered AS MATERIALIZED (SELECT row_number() OVER (ORDER BY created_at DESC) - 1 AS n, id, project_id FROM characters)
     INSERT INTO generations (id, project_id, character_id, request_hash, model, model_version, prompt, parameters, "references",
       seed, wakeup_id, provider_account, provider_request_id, price_micros, hold_micros, batch, requested_at, status, is_slow,
       attempted_at, is_attempt_over, submitted_at, started_at, finished_at, inference_seconds, cost_micros, cost_source, pictures,
       failure_code, failure_message, failure_retryable)
     SELECT uuidv7(at - now()), c.project_id, c.id, repeat('0', 64), 'consistent-character', '2026-11-01', prompt,
       jsonb_build_object('prompt', prompt, 'seed', k, 'output_format', 'webp'), '[]', k, gen_random_uuid(), 'server', 'bench-' || k,
       40000, 80000, CASE WHEN k % 3 > 0 THEN 'chapter ' || k / 100 END, at, status::"GenerationStatus", k % 97 = 0,
       submitted, true, submitted, submitted + interval '0.7 seconds',
       coalesce(submitted, at) + make_interval(secs => coalesce(seconds, 1) + 0.9), seconds,
       CASE status WHEN 'COMPLETED' THEN 20000 + k::bigint * 7919 % 60000 ELSE 0 END, 'PROVIDER',
       (status = 'COMPLETED' AND k > $3::int * 9 / 10)::int, CASE status WHEN 'FAILED' THEN 'PROVIDER_FAILED' END,
       CASE status WHEN 'FAILED' THEN 'The provider could not draw it.' END, CASE status WHEN 'FAILED' THEN true END
     FROM generate_series(1, $3::int) k CROSS JOIN LATERAL (SELECT ${whose} AS owner, ${text('k', 100)} AS prompt,
         date_trunc('milliseconds', timestamptz '2026-06-01Z' - ($3::int - k) * (interval '365 days' / $3::int)) AS at,
         CASE WHEN k % 20 = 0 THEN 'FAILED' WHEN k % 50 = 7 THEN 'CANCELED' ELSE 'COMPLETED' END AS status) d
       CROSS JOIN LATERAL (SELECT CASE WHEN status <> 'CANCELED' THEN at + (k % 4000) * interval '1 millisecond' END AS submitted,
         CASE status WHEN 'COMPLETED' THEN 4 + k * 31 % 4000 / 100.0 END AS seconds) t
     JOIN numbered c ON c.n = d.owner ORDER BY k`,
    [story, characters, generations],
  ],
  [
    'pictures of the newest tenth',
    `WITH drawn AS (
       SELECT id, project_id, finished_at, gen_random_uuid() AS image_id FROM generations WHERE pictures = 1
     ), stored AS (
       INSERT INTO images (id, project_id, sha256, content_type, size_bytes, width, height, created_at)
       SELECT image_id, project_id, encode(sha256(image_id::text::bytea), 'hex'), 'image/webp', 310000, 1024, 1024, finished_at FROM drawn
     )
     INSERT INTO generated_images (id, generation_id, index, image_id, created_at)
     SELECT uuidv7(finished_at - now()), id, 0, image_id, finished_at FROM drawn`,
    [],
  ],
];

/**
 * Fills a migrated, empty database. The triggers that keep the books and the checks of foreign keys are disabled
 * meanwhile, so the client must be a superuser. All other constraints hold. All runs have ended, so a worker has
 * nothing to do here.
 */
export async function fill(client: pg.ClientBase, size: Size, log: (line: string) => void): Promise<void> {
  await client.query(
    "SET session_replication_role = replica; SET synchronous_commit = off; SET timezone = 'UTC'",
  );
  for (const [name, statement, values] of steps(size)) {
    const startedAt = performance.now();
    const { rowCount } = await client.query(statement, values);
    log(`filled ${name}: ${rowCount} rows in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
  }
  await client.query('VACUUM (ANALYZE)');
}
