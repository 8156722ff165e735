import { randomUUID } from 'node:crypto';
import type { TestDatabase } from './database.ts';

/** A run as a test tells it; everything but its project and character may be left out. Row ids throughout. */
export interface Run {
  readonly projectId: string;
  readonly characterId: string;
  readonly model?: string;
  readonly userId?: string | null;
  readonly apiKeyId?: string | null;
  readonly prompt?: string;
  readonly batch?: string;
  readonly requestedAt?: string;
  readonly status?: 'COMPLETED' | 'FAILED' | 'CANCELED' | 'QUEUED';
  readonly costMicros?: number | null;
  readonly holdMicros?: number;
  readonly seconds?: number | null;
  readonly pictures?: number;
}

/** Puts a run into the table as if it had been asked for and had ended; the database keeps the books. */
export async function insertRun({ query }: TestDatabase, run: Run): Promise<string> {
  const id = randomUUID();
  await query(
    `INSERT INTO generations (id, project_id, character_id, request_hash, model, model_version, parameters, "references",
       seed, wakeup_id, provider_account, hold_micros, user_id, api_key_id, prompt, batch, requested_at)
     VALUES ($1, $2, $3, repeat('0', 64), $4, '1', '{}', '[]', 1, $1, 'server', $5, $6, $7, $8, $9, coalesce($10, now()))`,
    [
      id,
      run.projectId,
      run.characterId,
      run.model ?? 'consistent-character',
      run.holdMicros ?? 100_000,
      run.userId ?? null,
      run.apiKeyId ?? null,
      run.prompt ?? 'at the sea',
      run.batch ?? null,
      run.requestedAt ?? null,
    ],
  );
  const { status = 'COMPLETED', costMicros = 50_000 } = run;
  if (status === 'QUEUED') return id;
  await query(
    `UPDATE generations SET status = $2::"GenerationStatus", finished_at = now(), cost_micros = $3, pictures = $4,
       cost_source = 'PROVIDER', inference_seconds = $5 WHERE id = $1`,
    [id, status, costMicros, run.pictures ?? (status === 'COMPLETED' ? 1 : 0), run.seconds ?? null],
  );
  return id;
}

/** Puts pictures into the table for a run that has them; resolves to their row ids. */
export async function insertPictures(
  { query }: TestDatabase,
  run: { readonly id: string; readonly projectId: string },
  count: number,
): Promise<string[]> {
  const rows = await query(
    `WITH stored AS (
       INSERT INTO images (id, project_id, sha256, content_type, size_bytes, width, height)
       SELECT gen_random_uuid(), $2::uuid, md5($1::text || n) || md5(n::text), 'image/png', 1, 1, 1
       FROM generate_series(1, $3::int) n RETURNING id
     )
     INSERT INTO generated_images (id, generation_id, "index", image_id)
     SELECT gen_random_uuid(), $1::uuid, row_number() OVER (), id FROM stored RETURNING id`,
    [run.id, run.projectId, count],
  );
  return rows.map(({ id }) => String(id));
}
