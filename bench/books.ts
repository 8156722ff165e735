import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { nilId } from '../src/platform/db/nil-id.ts';

/*
 * Writes books of any size in seconds: runs, their ledger and their rollups, with one statement for each table and
 * without the triggers that usually write them. `checkBooks` checks on a sample that both ways write the same rows.
 */

/** The number of days, up to today, over which the runs are spread. */
export const daysOfBooks = 90;

/** Every twentieth run fails and costs nothing, so it has two entries instead of three. */
const entriesPerTwentyRuns = 59;

/** Makes a project with characters and without runs. */
export async function makeProject(client: pg.ClientBase, characters: number): Promise<string> {
  const id = randomUUID();
  await client.query('INSERT INTO projects (id, name) VALUES ($1, $2)', [id, `Bench ${id}`]);
  await client.query(
    "INSERT INTO characters (id, project_id, name) SELECT gen_random_uuid(), $1, 'Character ' || n FROM generate_series(1, $2::int) n",
    [id, characters],
  );
  return id;
}

/** Inserts runs as `generate` would: of 4 models, all characters, 10 users, and a key for every second user. */
export async function insertRuns(client: pg.ClientBase, projectId: string, runs: number): Promise<void> {
  await client.query(
    `WITH people AS (
       SELECT array_agg(id ORDER BY id) AS characters, (SELECT array_agg(md5($1 || n)::uuid) FROM generate_series(1, 10) n) AS users
       FROM characters WHERE project_id = $1::uuid
     ), drawn AS (
       SELECT n, 1 + floor(random() * 4)::int AS model, 1 + floor(random() * cardinality(characters))::int AS character,
         1 + floor(random() * 10)::int AS person, characters, users
       FROM people, generate_series(1, $2::int) n
     )
     INSERT INTO generations (id, project_id, character_id, request_hash, model, model_version, parameters, "references", seed,
       wakeup_id, provider_account, hold_micros, user_id, api_key_id, prompt, requested_at)
     SELECT gen_random_uuid(), $1::uuid, characters[character], repeat('0', 64), 'model-' || model, '1', '{}', '[]', n,
       gen_random_uuid(), 'server', model * 40000 + 20000, users[person],
       CASE WHEN person % 2 = 0 THEN md5(users[person]::text)::uuid END, 'at the sea',
       date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
         - make_interval(secs => $3::int * 86400 - 1 - ((n - 0.5) / $2::int * $3::int * 86400)::int) + interval '1 day'
     FROM drawn`,
    [projectId, runs, daysOfBooks],
  );
}

/** Ends all runs of a project. */
export async function endRuns(client: pg.ClientBase, projectId: string): Promise<void> {
  await client.query(
    `UPDATE generations SET status = (CASE WHEN seed % 20 = 0 THEN 'FAILED' ELSE 'COMPLETED' END)::"GenerationStatus",
       finished_at = requested_at, cost_source = 'PROVIDER', pictures = CASE WHEN seed % 20 = 0 THEN 0 ELSE 1 END,
       cost_micros = CASE WHEN seed % 20 = 0 THEN 0 ELSE (hold_micros * (0.4 + 0.5 * (seed % 97) / 97))::bigint END,
       inference_seconds = 4 + 40 * power((seed % 101) / 101.0, 3)
     WHERE project_id = $1`,
    [projectId],
  );
}

/** The ledger entries that `book_generation` writes for runs that have ended. */
const ledger = `SELECT g.project_id, g.id AS generation_id, e.kind::"LedgerEntryKind" AS kind, e.debit::"LedgerAccount" AS debit,
    e.credit::"LedgerAccount" AS credit, e.amount AS amount_micros, (g.requested_at AT TIME ZONE 'UTC')::date AS day, g.model,
    g.character_id, g.user_id, g.api_key_id, g.provider_account, e.source
  FROM generations g, LATERAL (VALUES (1, 'HOLD', 'HELD', 'AVAILABLE', g.hold_micros, 'UPPER_BOUND'),
    (2, 'CHARGE', 'SPENT', 'HELD', g.cost_micros, g.cost_source),
    (3, 'RELEASE', 'AVAILABLE', 'HELD', g.hold_micros - g.cost_micros, g.cost_source)) AS e(place, kind, debit, credit, amount, source)
  WHERE g.project_id = $1 AND e.amount > 0 ORDER BY g.requested_at, g.id, e.place`;

const places = Array.from({ length: 64 }, (_, index) => `count(*) FILTER (WHERE place = ${index + 1})::int`);
const none = `'${nilId}'::uuid`;

/** The rollups that `roll_up` has written when all runs have ended, in the order in which it first writes each row. */
const rollups = `SELECT * FROM (WITH ended AS MATERIALIZED (
    SELECT *, (requested_at AT TIME ZONE 'UTC')::date AS day, coalesce(user_id, ${none}) AS run_user,
      coalesce(api_key_id, ${none}) AS run_key,
      least(63, greatest(1, 1 + floor(4 * ln(inference_seconds * 4) / ln(2::float8))::int)) AS place
    FROM generations WHERE project_id = $1
  )
  SELECT g.project_id, g.day, s.slice, s.model, s.character_id, s.user_id, s.api_key_id, g.status::text AS status,
    sum(g.cost_micros)::bigint AS amount_micros, count(*) AS runs, count(*) FILTER (WHERE g.status = 'FAILED') AS failures,
    sum(g.pictures) AS pictures, sum(g.discarded) AS discarded, ARRAY[${places}] AS seconds
  FROM ended g, LATERAL (VALUES ('MODEL', g.model, ${none}, ${none}, ${none}), ('CHARACTER', '', g.character_id, ${none}, ${none}),
    ('MEMBER', '', ${none}, g.run_user, ${none}), ('API_KEY', '', ${none}, ${none}, g.run_key),
    ('ALL', g.model, g.character_id, g.run_user, g.run_key)) AS s(slice, model, character_id, user_id, api_key_id)
  GROUP BY 1, 2, 3, 4, 5, 6, 7, g.status ORDER BY min(g.requested_at), min(g.seed)) r`;

const ledgerColumns =
  'project_id, generation_id, kind, debit, credit, amount_micros, day, model, character_id, user_id, api_key_id, provider_account, source';
const rollupColumns =
  'project_id, day, slice, model, character_id, user_id, api_key_id, status, amount_micros, runs, failures, pictures, discarded, seconds';

/** Fills a new project with about this many ledger entries. Resolves to the project's id. */
export async function fillBooks(client: pg.ClientBase, entries: number, characters = 50): Promise<string> {
  const id = await makeProject(client, characters);
  await client.query('SET session_replication_role = replica');
  await insertRuns(client, id, Math.ceil((entries * 20) / entriesPerTwentyRuns));
  await endRuns(client, id);
  await client.query('ANALYZE generations');
  await client.query(`INSERT INTO ledger_entries (${ledgerColumns}) ${ledger}`, [id]);
  await client.query(`INSERT INTO spend_rollups (${rollupColumns}) ${rollups}`, [id]);
  await client.query('SET session_replication_role = DEFAULT');
  return id;
}

/** Lets the triggers write the books of a small project. Throws when the fill would write any other row. */
export async function checkBooks(client: pg.ClientBase): Promise<void> {
  const id = await makeProject(client, 5);
  await insertRuns(client, id, 400);
  await endRuns(client, id);
  for (const [table, columns, mirror] of [
    ['ledger_entries', ledgerColumns, ledger],
    ['spend_rollups', rollupColumns, rollups],
  ] as const) {
    const kept = `SELECT ${columns} FROM ${table} WHERE project_id = $1`;
    const { rows } = await client.query<{ missing: number; extra: number; kept: number }>(
      `SELECT (SELECT count(*) FROM (${kept} EXCEPT ALL (${mirror})) m)::int AS missing,
         (SELECT count(*) FROM ((${mirror}) EXCEPT ALL ${kept}) e)::int AS extra, (SELECT count(*) FROM (${kept}) k)::int AS kept`,
      [id],
    );
    const [difference] = rows;
    if (!difference?.kept || difference.missing + difference.extra > 0)
      throw new Error(`${table}: the triggers and the fill differ: ${JSON.stringify(difference)}`);
  }
}
