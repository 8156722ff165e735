import { type ChildProcess, fork, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { Pool } from 'undici';
import { z } from 'zod';
import { startEmbeddedPostgres } from '../src/platform/db/embedded-postgres.ts';
import { fromGlobalId } from '../src/platform/reads/global-id.ts';
import { type RawOrder, rawAnswer } from './accept-raw.ts';
import { atLeast, type Bench, median, type Result } from './result.ts';

const inFlight = 48;
/** The fastest number of connections for one project: more connections only wait for each other's locks. */
const rawConnectionsInOne = 4;
const rounds = 5;
const roundMs = 2_000;
/**
 * What is measured: the role of the server, how many projects the runs are spread over, and the bound. A server that also
 * works on runs shares its event loop between clients and runs.
 */
const cases = [
  { role: 'all', projects: 1, bound: 0.45 },
  { role: 'all', projects: 16, bound: 0.45 },
  { role: 'api', projects: 16, bound: 0.75 },
] as const;
type Case = (typeof cases)[number];
/** The most runs that a project may have under way. */
const mostSlots = 10_000;
const adminKey = 'accept-bench-admin-key';

/** The rate of accepted runs divided by the rate of raw inserts of the same rows, in one and in many projects. */
export const acceptBench: Bench = {
  name: 'accept',
  about: 'Runs accepted over HTTP in a second, against raw inserts of the same rows in a transaction each.',
  async run() {
    const directory = await mkdtemp(join(tmpdir(), 'dramatis-bench-'));
    const postgres = await startEmbeddedPostgres({
      directory: join(directory, 'postgres'),
      log: () => undefined,
    });
    const client = new pg.Client({ connectionString: postgres.url });
    try {
      await client.connect();
      const results: Result[] = [];
      for (const each of cases) {
        const server = await startServer(postgres.url, join(directory, 'data'), each.role);
        try {
          results.push(await compare(server.url, postgres.url, client, each));
        } finally {
          await server.stop();
        }
      }
      return results;
    } finally {
      await client.end();
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    }
  },
};

/** The built server with its default configuration, except many query points, because these are not measured. */
async function startServer(databaseUrl: string, directory: string, role: Case['role']) {
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: databaseUrl,
      DATA_DIR: directory,
      ADMIN_API_KEY: adminKey,
      PORT: '0',
      ROLE: role,
      COST_PER_SECOND: '1000000',
      COST_BURST: '100000000',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    exited.then(() => reject(new Error('The server ended.')));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.includes('"listening"')) resolve(String(JSON.parse(line).url));
    });
  });
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  return { url, stop };
}

interface Place {
  readonly projectId: string;
  readonly characterId: string;
  readonly secret: string;
}

async function compare(url: string, databaseUrl: string, client: pg.Client, measured: Case): Promise<Result> {
  const { role, projects: count, bound } = measured;
  const pool = new Pool(url, { connections: inFlight, pipelining: 1 });
  try {
    const [accepting, raw] = [await cast(pool, count), await cast(pool, count)];
    const templates: string[] = [];
    for (const place of raw) templates.push(await generate(pool, place));
    const connections = count === 1 ? rawConnectionsInOne : inFlight;
    const order: RawOrder = { url: databaseUrl, connections, ms: roundMs, templates };
    // Both sides run once without being measured, to warm up plans, caches and code.
    await accept(pool, accepting, roundMs);
    await insertRaw({ ...order, ms: roundMs / 2 });
    const made = await countRows(client, [...accepting, ...raw]);
    const speeds: { accepted: number; inserted: number }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      // The side that goes first alternates.
      const early = round % 2 === 0 ? await accept(pool, accepting, roundMs) : null;
      const inserted = await insertRaw(order);
      speeds.push({ accepted: early ?? (await accept(pool, accepting, roundMs)), inserted });
    }
    const rows = await countRows(client, [...accepting, ...raw]);
    if (rows - made <= 0) throw new Error('nothing was written');
    const accepted = median(speeds.map((each) => each.accepted));
    const inserted = median(speeds.map((each) => each.inserted));
    return atLeast(bound, {
      what: `generate accepted per second, ${count === 1 ? 'all in one project' : `spread over ${count} projects`}, ROLE=${role}`,
      against: 'raw inserts of the same rows in one transaction each',
      value: accepted / inserted,
      note: `${accepted.toFixed(0)}/s to ${inserted.toFixed(0)}/s, ${inFlight} in flight to ${connections} raw connections, medians of ${rounds} rounds in turn; ${rows} runs, each with equal rows`,
    });
  } finally {
    await pool.close();
  }
}

const named = z.object({ id: z.string() });
const payload = z.object({
  userErrors: z.array(z.unknown()).max(0),
  project: named.optional(),
  character: named.optional(),
  generation: named.optional(),
  secret: z.string().optional(),
});
type Payload = z.output<typeof payload>;
const answer = z.object({ data: z.record(z.string(), payload), errors: z.never().optional() });

/** Runs a mutation and returns its payload. Throws when there are errors. */
async function ask(pool: Pool, key: string, query: string, input: object): Promise<Payload> {
  const { body } = await pool.request({
    method: 'POST',
    path: '/graphql',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { input } }),
  });
  const text = await body.text();
  const { data } = answer.safeParse(JSON.parse(text));
  const [payload] = Object.values(data?.data ?? {});
  if (!payload) throw new Error(`The server said: ${text}`);
  return payload;
}

/** Makes projects, each with a character with a face, a budget, a service key, and slots for all of its runs. */
async function cast(pool: Pool, count: number): Promise<Place[]> {
  const admin = (mutation: string, input: object, picked = '') => {
    const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
    const query = `mutation ($input: ${type}!) { ${mutation}(input: $input) { ${picked} userErrors { message } } }`;
    return ask(pool, adminKey, query, input);
  };
  const places: Place[] = [];
  for (let index = 0; index < count; index += 1) {
    const projectId = (await admin('createProject', { name: 'Bench' }, 'project { id }')).project?.id;
    await admin('updateProjectLimits', { id: projectId, maxConcurrentGenerations: mostSlots });
    await admin('createBudget', { projectId, scope: 'PROJECT', period: 'MONTH', cap: '1000000' });
    const mara = { projectId, name: 'Mara', appearance: 'red hair, freckles' };
    const characterId = (await admin('createCharacter', mara, 'character { id }')).character?.id;
    await admin('addReferenceImage', { characterId, kind: 'FACE', source: { base64: face } });
    const key = { projectId, name: 'Bench', kind: 'SERVICE', role: 'EDITOR' };
    const { secret } = await admin('createApiKey', key, 'secret');
    if (!projectId || !characterId || !secret) throw new Error('The cast is not complete.');
    places.push({ projectId, characterId, secret });
  }
  return places;
}

/** A picture of one pixel. */
const face =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

const generateMutation = `mutation ($input: GenerateInput!) {
  generate(input: $input) { generation { id status } userErrors { code message path } } }`;

/** Requests a run that takes ten minutes at the provider, so only accepting is measured. Resolves to the row id. */
async function generate(pool: Pool, { characterId, secret }: Place): Promise<string> {
  const { generation } = await ask(pool, secret, generateMutation, {
    characterId,
    idempotencyKey: randomUUID(),
    model: { consistentCharacter: { prompt: 'at the sea [[simulate:slow=600]]' } },
  });
  return fromGlobalId('Generation', generation?.id ?? '');
}

/** Requests runs for some time and resolves to the number that was accepted in a second. */
async function accept(pool: Pool, places: readonly Place[], ms: number): Promise<number> {
  let accepted = 0;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async (_, index) => {
      const place = places[index % places.length];
      if (!place) return;
      while (performance.now() - startedAt < ms) {
        await generate(pool, place);
        accepted += 1;
      }
    }),
  );
  return (accepted * 1_000) / (performance.now() - startedAt);
}

async function insertRaw(order: RawOrder): Promise<number> {
  const child: ChildProcess = fork(new URL('accept-raw.ts', import.meta.url));
  const answered = new Promise<unknown>((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', () => reject(new Error('The raw side ended.')));
  });
  child.send(order);
  const { runs, ms } = rawAnswer.parse(await answered);
  return (runs * 1_000) / ms;
}

/** Counts the runs. Throws when a run, of either side, lacks one of the rows that belong to it. */
async function countRows(client: pg.Client, places: readonly Place[]): Promise<number> {
  let runs = 0;
  for (const { projectId } of places) {
    const { rows } = await client.query<
      Record<'runs' | 'holds' | 'audited' | 'events' | 'slots' | 'jobs' | 'held', string>
    >(
      `SELECT (SELECT count(*) FROM generations WHERE project_id = $1) AS runs,
         (SELECT count(*) FROM ledger_entries WHERE project_id = $1 AND kind = 'HOLD') AS holds,
         (SELECT count(*) FROM audit_entries WHERE project_id = $1 AND action = 'GENERATION_REQUESTED') AS audited,
         (SELECT count(*) FROM project_events WHERE project_id = $1 AND kind = 'GENERATION_REQUESTED') AS events,
         (SELECT count(*) FROM generations WHERE project_id = $1 AND holds_slot) AS slots,
         (SELECT count(*) FROM generations g JOIN pgboss.job j ON j.id = g.wakeup_id WHERE project_id = $1) AS jobs,
         (SELECT count(*) FROM budget_windows w JOIN budgets b ON b.id = w.budget_id WHERE b.project_id = $1
           AND w.held_micros = (SELECT sum(hold_micros) FROM generations g WHERE g.project_id = b.project_id)) AS held`,
      [fromGlobalId('Project', projectId)],
    );
    const { held, slots, jobs, ...counts } = rows[0] ?? { held: '0', slots: '0', jobs: '0' };
    const admitted = String(Math.min(mostSlots, Number(rows[0]?.runs)));
    if (new Set(Object.values(counts)).size !== 1 || held !== '1' || slots !== admitted || jobs !== admitted)
      throw new Error(`rows differ: ${JSON.stringify(rows)}`);
    runs += Number(rows[0]?.runs);
  }
  return runs;
}

if (import.meta.main) {
  for (const { what, against, value, bound: asked, note } of await acceptBench.run())
    process.stdout.write(`${value.toFixed(3).padStart(8)}  ${what}, to ${against} (${asked}); ${note}\n`);
}
