import type { TestDatabase } from './database.ts';

/** Row ids of the project that the lists are read from. */
export const volumeProjectId = '00000000-0000-4000-8000-000000000001';

/** Tables that grow without end in a real installation. */
export const largeTables = [
  'characters',
  'reference_images',
  'images',
  'generations',
  'generated_images',
  'project_events',
  'ledger_entries',
  'audit_entries',
  'members',
  'api_keys',
  'invitations',
  'budget_alerts',
  'spend_rollups',
  'balance_observations',
];

const project = `('00000000-0000-4000-8000-' || lpad((1 + n % 20)::text, 12, '0'))::uuid`;

/**
 * Twenty projects that share a hundred thousand runs and what goes with them. The triggers and foreign keys rest, since
 * what is looked at afterwards is how rows are found, not what they mean.
 */
export async function fillVolume({ query }: TestDatabase, { userId }: { userId: string }): Promise<void> {
  const steps = [
    `INSERT INTO projects (id, name) SELECT ${project}, 'Project' FROM generate_series(0, 19) n`,
    `INSERT INTO members (id, project_id, user_id, role) SELECT gen_random_uuid(), ${project},
       CASE WHEN n = 0 THEN '${userId}' ELSE gen_random_uuid() END, 'OWNER' FROM generate_series(0, 9999) n`,
    `INSERT INTO invitations (id, project_id, email, role, token_hash, expires_at, created_at)
     SELECT gen_random_uuid(), ${project}, n || '@example.test', 'VIEWER', md5(n::text) || md5(n::text), now(), now() - n * interval '1 minute'
     FROM generate_series(0, 9999) n`,
    `INSERT INTO api_keys (id, project_id, user_id, name, role, prefix, secret_hash, created_at)
     SELECT gen_random_uuid(), ${project}, gen_random_uuid(), 'Key', 'VIEWER', 'x', md5(n::text) || md5(n::text), now() - n * interval '1 minute'
     FROM generate_series(0, 9999) n`,
    `INSERT INTO characters (id, project_id, name, created_at)
     SELECT gen_random_uuid(), ${project}, 'Character', now() - n * interval '1 minute' FROM generate_series(0, 9999) n`,
    `INSERT INTO images (id, project_id, sha256, content_type, size_bytes, width, height)
     SELECT gen_random_uuid(), project_id, md5(id::text) || md5(id::text), 'image/png', 1, 1, 1 FROM characters`,
    `INSERT INTO reference_images (id, character_id, image_id, kind, created_at)
     SELECT gen_random_uuid(), c.id, i.id, 'FACE', c.created_at + n * interval '1 second'
     FROM characters c JOIN images i ON i.sha256 = md5(c.id::text) || md5(c.id::text), generate_series(1, 3) n`,
    `INSERT INTO generations (id, project_id, character_id, request_hash, model, model_version, parameters, "references", seed,
       wakeup_id, hold_micros, requested_at, status, finished_at, batch, provider_account, attempted_at, cost_micros)
     SELECT gen_random_uuid(), c.project_id, c.id, repeat('0', 64), 'm', '1', '{}', '[]', 1, gen_random_uuid(), 1,
       c.created_at + n * interval '1 second', status::"GenerationStatus", CASE status WHEN 'COMPLETED' THEN now() END,
       CASE WHEN n % 3 = 0 THEN 'batch ' || (random() * 1000)::int END, 'volume', c.created_at, 1
     FROM characters c, generate_series(1, 10) n,
       LATERAL (SELECT CASE WHEN n = 10 AND random() < 0.001 THEN 'AWAITING_APPROVAL' ELSE 'COMPLETED' END AS status) s`,
    `INSERT INTO generated_images (id, generation_id, "index", image_id)
     SELECT gen_random_uuid(), g.id, 0, i.id FROM generations g JOIN images i ON i.sha256 = md5(g.character_id::text) || md5(g.character_id::text)`,
    `INSERT INTO project_events (project_id, sequence, kind, generation_id)
     SELECT project_id, row_number() OVER (PARTITION BY project_id), 'GENERATION_CHANGED', id FROM generations`,
    `INSERT INTO ledger_entries (project_id, generation_id, kind, debit, credit, amount_micros, day, model, character_id, source)
     SELECT project_id, id, 'HOLD', 'HELD', 'AVAILABLE', 1, now(), 'm', character_id, 'UPPER_BOUND' FROM generations`,
    `INSERT INTO audit_entries (project_id, sequence, actor_kind, user_id, action, target_type, target_id, previous_hash, hash)
     SELECT project_id, row_number() OVER (PARTITION BY project_id), 'USER', '${userId}', 'GENERATION_REQUESTED', 'Generation', id,
       repeat('0', 64), repeat('0', 64) FROM generations`,
    `INSERT INTO budgets (id, project_id, scope, model, period, cap_micros)
     SELECT gen_random_uuid(), ${project}, 'MODEL', 'm' || n, 'TOTAL', 1 FROM generate_series(0, 999) n`,
    `INSERT INTO budget_alerts (id, project_id, budget_id, starts_at, starts_on, threshold, cap_micros, settled_micros, held_micros, created_at)
     SELECT gen_random_uuid(), b.project_id, b.id, now(), now(), n, 1, 1, 1, now() - n * interval '1 hour' FROM budgets b, generate_series(1, 20) n`,
    `INSERT INTO spend_rollups (project_id, day, slice, model, character_id, user_id, api_key_id, status, amount_micros, runs,
       failures, pictures, discarded, seconds)
     SELECT ${project}, '2026-01-01'::date + n / 100, 'MODEL', 'm' || n % 100, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'COMPLETED',
       1, 1, 0, 1, 0, array_fill(0, ARRAY[64]) FROM generate_series(0, 9999) n`,
    `INSERT INTO balance_observations (provider_account, at, balance_micros, spent_micros, open_runs, held_micros, is_quiet)
     SELECT CASE WHEN n % 20 = 0 THEN 'volume' ELSE 'other ' || n % 20 END, now() - n * interval '1 minute', 1, 1, 0, 0, true FROM generate_series(0, 9999) n`,
    `INSERT INTO account_totals (provider_account, project_id, spent_micros) SELECT 'volume', id, 1 FROM projects`,
    'ANALYZE',
  ];
  for (const step of steps)
    await query(`BEGIN; SET LOCAL session_replication_role = replica; ${step}; COMMIT`);
}
