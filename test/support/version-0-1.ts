import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrationsDirectory } from '../../src/platform/db/migrations/read-migrations.ts';

type Query = (text: string, values?: unknown[]) => Promise<Record<string, unknown>[]>;

export const firstMigration = '20261121033216_initial';

/** The script of a migration. */
export function scriptOf(name: string): string {
  return readFileSync(join(migrationsDirectory, name, 'migration.sql'), 'utf8');
}

/** The table in which Prisma's engine kept the history of version 0.1.0. */
export const historyTable = `CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ, migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)`;

/** A row as that engine wrote it before it ran the script; it is finished after the script. */
export async function beginRow(query: Query, name: string): Promise<void> {
  await query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name)
     VALUES (gen_random_uuid()::text, encode(sha256(convert_to($2, 'UTF8')), 'hex'), $1)`,
    [name, scriptOf(name)],
  );
}

/** Ends the row as that engine did. */
export async function finishRow(query: Query, name: string): Promise<void> {
  await query(
    'UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE migration_name = $1',
    [name],
  );
}

/** Makes an empty database one of version 0.1.0, with runs in every state. */
export async function makeVersion01(query: Query, runs: number): Promise<void> {
  await query(historyTable);
  await beginRow(query, firstMigration);
  await query(scriptOf(firstMigration));
  await finishRow(query, firstMigration);
  await query(
    `INSERT INTO projects (id, name) SELECT md5('project' || p)::uuid, 'Project ' || p FROM generate_series(0, 7) p`,
  );
  await query(`INSERT INTO characters (id, project_id, name)
    SELECT md5('character' || c)::uuid, md5('project' || c % 8)::uuid, 'Character ' || c FROM generate_series(0, 23) c`);
  await query(`INSERT INTO images (id, project_id, sha256, content_type, size_bytes, width, height)
    SELECT md5('image' || p)::uuid, md5('project' || p)::uuid, encode(sha256(('image' || p)::bytea), 'hex'), 'image/png', 9, 3, 3
    FROM generate_series(0, 7) p`);
  await query(
    `INSERT INTO generations (id, project_id, character_id, request_hash, model, model_version, parameters, "references", seed,
      price_micros, requested_at, status, wakeup_id, attempt_token, provider_account, provider_request_id, submitted_at,
      finished_at, inference_seconds, cost_micros, cost_source, failure_code, failure_message)
    SELECT md5('run' || n)::uuid, md5('project' || n % 8)::uuid, md5('character' || n % 24)::uuid, repeat('0', 64),
      CASE n % 2 WHEN 0 THEN 'consistent-character' ELSE 'consistent-character-with-pose' END, '1',
      CASE n % 3 WHEN 0 THEN '{"number_of_outputs": 2}' ELSE '{}' END::jsonb, '{}', n,
      CASE WHEN n % 5 > 0 THEN 170000 END, moment, status::"GenerationStatus", md5('wakeup' || n)::uuid,
      CASE WHEN is_taken THEN md5('token' || n)::uuid END, CASE WHEN is_taken THEN 'server' END,
      CASE WHEN is_taken AND status NOT IN ('SUBMITTING', 'UNCERTAIN') THEN 'request-' || n END,
      CASE WHEN is_taken AND status NOT IN ('SUBMITTING', 'UNCERTAIN') THEN moment + interval '1 second' END,
      CASE WHEN status IN ('COMPLETED', 'FAILED', 'CANCELED') THEN moment + interval '30 seconds' END,
      CASE WHEN is_done THEN 5 + n % 40 END, CASE WHEN is_done AND n % 7 > 0 THEN 100000 + n % 1000 END,
      CASE WHEN is_done AND n % 7 > 0 THEN 'PROVIDER' END,
      CASE WHEN status IN ('FAILED', 'UNCERTAIN') THEN 'PROVIDER_FAILED' END,
      CASE WHEN status IN ('FAILED', 'UNCERTAIN') THEN 'It failed.' END
    FROM (SELECT n, moment, status, status NOT IN ('QUEUED', 'CANCELED') AS is_taken,
        status IN ('COMPLETED', 'STORING') AS is_done
      FROM (SELECT n, '2026-10-01'::timestamptz + n * interval '1 minute' AS moment, (ARRAY['COMPLETED', 'QUEUED', 'COMPLETED',
        'SUBMITTING', 'COMPLETED', 'SUBMITTED', 'FAILED', 'PROCESSING', 'COMPLETED', 'STORING', 'CANCELED', 'UNCERTAIN'])[n % 12 + 1]
        AS status FROM generate_series(1, $1::int) n) each_run) every_run`,
    [runs],
  );
  await query(`INSERT INTO generated_images (id, generation_id, index, image_id)
    SELECT md5('picture' || g.id)::uuid, g.id, 0, i.id FROM generations g JOIN images i USING (project_id) WHERE g.status = 'COMPLETED'`);
  await query(`INSERT INTO project_events (project_id, sequence, kind, generation_id, character_id)
    SELECT project_id, row_number() OVER (PARTITION BY project_id ORDER BY requested_at), 'GENERATION_REQUESTED', id, character_id
    FROM generations`);
  await query(
    'UPDATE projects SET last_sequence = (SELECT count(*) FROM project_events e WHERE e.project_id = projects.id)',
  );
}

/** All that the books say, as text to be compared; numbers that are only counted up are left out. */
export async function books(query: Query): Promise<Record<string, unknown>> {
  const tables = [
    'ledger_entries',
    'spend_rollups',
    'account_totals',
    'budgets',
    'budget_windows',
    'projects',
    'generations',
  ];
  const told = await Promise.all(
    tables.map(async (table) => {
      const counted = ['ledger_entries', 'spend_rollups'].includes(table)
        ? "ARRAY['id', 'at']"
        : 'ARRAY[]::text[]';
      const [row] = await query(
        `SELECT count(*)::int AS rows, md5(coalesce(string_agg(said, ',' ORDER BY said), '')) AS said
         FROM (SELECT (to_jsonb(t) - ${counted})::text AS said FROM ${table} t) rows`,
      );
      return [table, row] as const;
    }),
  );
  const [sums] = await query(
    "SELECT sum(amount_micros) FILTER (WHERE debit = 'SPENT')::text AS spent, sum(amount_micros) FILTER (WHERE debit = 'HELD')::text AS held FROM ledger_entries",
  );
  return { ...Object.fromEntries(told), sums };
}
