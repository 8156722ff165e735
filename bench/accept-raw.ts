import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { z } from 'zod';

/*
 * The raw side of bench/accept.ts, in a separate process. For each run one transaction writes the rows that `generate`
 * writes, with as few prepared statements as one would write by hand. The triggers are the same.
 */

/** The database to write to, the number of connections, and the duration. */
export const rawOrder = z.object({
  url: z.string(),
  connections: z.number(),
  ms: z.number(),
  /** One run of each project that was accepted over HTTP. The written rows are copies of it. */
  templates: z.array(z.uuid()).min(1),
});
export type RawOrder = z.infer<typeof rawOrder>;
/** The number of runs that were written, and the time in milliseconds. */
export const rawAnswer = z.object({ runs: z.number(), ms: z.number() });

/** The columns of a run that the request sets. All other columns have their defaults. */
const columns = `project_id, character_id, model, model_version, prompt, parameters, "references", seed, price_micros, hold_micros,
  price_shape, output_count, result_key, request_hash, batch, user_id, api_key_id`;

type Values = readonly unknown[];
interface Template {
  readonly projectId: string;
  readonly characterId: string;
  readonly userId: string | null;
  readonly apiKeyId: string | null;
  readonly progress: unknown;
  readonly details: unknown;
  readonly values: Values;
}

const insertRun = `INSERT INTO generations (id, idempotency_key, wakeup_id, ${columns})
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10::jsonb, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`;
const admit = `INSERT INTO pgboss.job_common (id, name, data, priority, start_after, created_on, expire_seconds, deletion_seconds,
    keep_until, retry_limit, retry_delay, retry_backoff, policy, heartbeat_seconds)
  SELECT $2::uuid, q.name, jsonb_build_object('generationId', a.id), CASE WHEN a.active <= 2 THEN 1 ELSE 0 END, now(), now(),
    q.expire_seconds, q.deletion_seconds, now() + q.retention_seconds * interval '1s', q.retry_limit, q.retry_delay, false, q.policy,
    q.heartbeat_seconds
  FROM admit_generation($1, $2) a, pgboss.queue q WHERE q.name = 'advance-generation'`;
const record = `WITH entry AS (
    INSERT INTO audit_entries (project_id, sequence, actor_kind, user_id, api_key_id, action, target_type, target_id, details,
      previous_hash, hash)
    VALUES ($1, 0, 'API_KEY', $2, $3, 'GENERATION_REQUESTED', 'Generation', $4, $5::jsonb, '', '')
  )
  SELECT record_project_event($1, 'GENERATION_REQUESTED', $4, $6, NULL, NULL, $7::jsonb)`;

async function readTemplate(client: pg.Client, id: string): Promise<Template> {
  const run = await client.query(`SELECT ${columns} FROM generations WHERE id = $1`, [id]);
  const recorded = await client.query(
    `SELECT e.progress, a.details, e.project_id, e.character_id, a.user_id, a.api_key_id
     FROM project_events e JOIN audit_entries a ON a.target_id = e.generation_id AND a.action = e.kind
     WHERE e.generation_id = $1 AND e.kind = 'GENERATION_REQUESTED'`,
    [id],
  );
  const [values, row] = [run.rows[0], recorded.rows[0]];
  return {
    projectId: row.project_id,
    characterId: row.character_id,
    userId: row.user_id,
    apiKeyId: row.api_key_id,
    progress: row.progress,
    details: row.details,
    values: Object.values(values).map((value) =>
      value !== null && typeof value === 'object' ? JSON.stringify(value) : value,
    ),
  };
}

async function write(client: pg.Client, template: Template): Promise<void> {
  const id = randomUUID();
  const { projectId, userId, apiKeyId, characterId, details, progress } = template;
  await client.query('BEGIN');
  await client.query({
    name: 'run',
    text: insertRun,
    values: [id, randomUUID(), randomUUID(), ...template.values],
  });
  await client.query({ name: 'admit', text: admit, values: [projectId, randomUUID()] });
  const recordValues = [
    projectId,
    userId,
    apiKeyId,
    id,
    JSON.stringify(details),
    characterId,
    JSON.stringify(progress),
  ];
  await client.query({ name: 'record', text: record, values: recordValues });
  await client.query('COMMIT');
}

async function writeRaw({ url, connections, ms, templates }: RawOrder) {
  const clients = Array.from({ length: connections }, () => new pg.Client({ connectionString: url }));
  await Promise.all(clients.map((client) => client.connect()));
  // These connections send no hints, as in the server, where one connection sends them all.
  await Promise.all(clients.map((client) => client.query("SET dramatis.hints = 'after commit'")));
  const [first] = clients;
  if (!first) throw new Error('no connection');
  const read: Template[] = [];
  for (const id of templates) read.push(await readTemplate(first, id));
  let runs = 0;
  const startedAt = performance.now();
  await Promise.all(
    clients.map(async (client, index) => {
      const template = read[index % read.length];
      if (!template) return;
      while (performance.now() - startedAt < ms) {
        await write(client, template);
        runs += 1;
      }
    }),
  );
  const took = performance.now() - startedAt;
  await Promise.all(clients.map((client) => client.end()));
  return { runs, ms: took };
}

process.once('message', async (message) => {
  process.send?.(await writeRaw(rawOrder.parse(message)));
  process.disconnect();
});
