import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import sharp from 'sharp';
import { z } from 'zod';
import { startEmbeddedPostgres } from '../src/platform/db/embedded-postgres.ts';
import { type Started, startNode } from './processes.ts';

export const adminKey = 'bench_admin_key_0123456789';
/** Observed durations of such runs, from 20 to 160 seconds, so that the expected duration is uncertain. */
const observations = `
  INSERT INTO price_observations (model, shape, outputs, cost_micros, seconds, source)
  SELECT model, price_shape, output_count, 85000, 20 + number * 0.7, 'PROVIDER' FROM (SELECT * FROM generations LIMIT 1) g,
    generate_series(0, 199) number`;

const counted = z.object({ submitted: z.number(), polls: z.record(z.string(), z.number()) });
const apiKey = 'SG_0123456789abcdef';

/** A run that waits for a slot is only a row, so one statement can copy many. */
const copies = `
  INSERT INTO generations (id, project_id, character_id, request_hash, model, model_version, prompt, parameters, "references",
    seed, price_micros, hold_micros, price_shape, output_count, wakeup_id)
  SELECT gen_random_uuid(), project_id, character_id, request_hash, model, model_version, prompt, parameters, "references",
    number, price_micros, hold_micros, price_shape, output_count, gen_random_uuid()
  FROM generations, generate_series(1, $1::int) number`;

/** The counts of the provider stub. */
export interface Counts {
  readonly submitted: number;
  /** The status polls of the server, and of the fetch loop. */
  readonly polls: { readonly server: number; readonly loop: number };
}

/** The shipped server with its default configuration, on its own Postgres and its own provider stub. */
export interface ManyRuns {
  readonly server: Started;
  /** The process id of the postmaster. */
  readonly postgresPid: number;
  readonly providerUrl: string;
  readonly database: pg.Pool;
  readonly projects: readonly string[];
  counts(): Promise<Counts>;
  /**
   * Requests one run of each project, and copies their rows until there are `runs` runs. The server then admits them.
   */
  ask(runs: number): Promise<void>;
  /** Requests one run of the project with this number, counted around. */
  request(number: number): Promise<void>;
  /** The provider's ids of its runs under way. */
  requestIds(): Promise<string[]>;
  /** Lets the provider end its runs one after another within this time. Resolves to the time when each of them ends. */
  release(withinMs: number): Promise<{ at: number; ends: { id: string; at: number }[] }>;
  stop(): Promise<void>;
}

/**
 * Starts the database, the provider and the server, and makes the projects, each with enough slots for all its runs.
 */
export async function startManyRuns({
  projects = 20,
  flags = [],
}: {
  readonly projects?: number;
  /** Arguments of `postgres`. */
  readonly flags?: readonly string[];
} = {}): Promise<ManyRuns> {
  const directory = await mkdtemp(join(tmpdir(), 'dramatis-bench-'));
  const closers: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const postgres = await startEmbeddedPostgres({
      directory: join(directory, 'postgres'),
      flags,
      log: () => undefined,
    });
    closers.push(() => postgres.stop());
    const lock = await readFile(join(directory, 'postgres', 'cluster', 'postmaster.pid'), 'utf8');
    const provider = await startNode(['bench/provider-stub.ts'], {}, (line) => line);
    closers.push(() => provider.stop());
    const server = await startNode(
      ['--enable-source-maps', 'dist/main.js'],
      {
        DATABASE_URL: postgres.url,
        DATA_DIR: join(directory, 'data'),
        ADMIN_API_KEY: adminKey,
        SEGMIND_API_KEY: apiKey,
        SEGMIND_BASE_URL: provider.ready,
        PORT: '0',
      },
      (line) => /"url":"(http[^"]+)".*"msg":"listening"/.exec(line)?.[1],
    );
    closers.push(() => server.stop());
    const database = new pg.Pool({ connectionString: postgres.url, max: 2 });
    closers.push(() => database.end());
    const requestIds = async () => {
      const { rows } = await database.query<{ id: string }>(
        "SELECT provider_request_id AS id FROM generations WHERE status IN ('SUBMITTED', 'PROCESSING')",
      );
      return rows.map(({ id }) => id);
    };
    const casts: Cast[] = [];
    for (let index = 0; index < projects; index += 1) casts.push(await cast(server.ready));
    return {
      server,
      postgresPid: Number(lock.split('\n')[0]),
      providerUrl: provider.ready,
      database,
      projects: casts.map(({ projectId }) => projectId),
      async counts() {
        const { submitted, polls } = counted.parse(await (await fetch(`${provider.ready}/counts`)).json());
        return { submitted, polls: { server: polls[apiKey] ?? 0, loop: polls['fetch-loop'] ?? 0 } };
      },
      async ask(runs) {
        await Promise.all(casts.map(({ characterId }) => generate(server.ready, characterId)));
        await database.query(observations);
        await database.query(copies, [Math.ceil(runs / casts.length) - 1]);
      },
      async request(number) {
        const cast = casts[number % casts.length];
        if (cast) await generate(server.ready, cast.characterId);
      },
      async release(withinMs) {
        const ids = await requestIds();
        const answer = await fetch(`${provider.ready}/release=${withinMs}`);
        const { at } = z.object({ at: z.number() }).parse(await answer.json());
        return { at, ends: ids.map((id) => ({ id, at: at + Number(`0.${id.split('-')[1]}`) * withinMs })) };
      },
      requestIds,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits until `ask` resolves to true; calls it a few times a second. Throws after the limit. */
export async function until(what: string, limitMs: number, ask: () => Promise<boolean>): Promise<void> {
  const endsAt = performance.now() + limitMs;
  while (!(await ask())) {
    if (performance.now() > endsAt) failed(`Did not happen in time: ${what}.`);
    await sleep(200);
  }
}

interface Cast {
  readonly projectId: string;
  readonly characterId: string;
}

const made = z.object({ id: z.string() });

async function cast(url: string): Promise<Cast> {
  const { createProject } = await get(
    url,
    'mutation { createProject(input: { name: "Bench" }) { project { id } } }',
    {},
    z.object({ createProject: z.object({ project: made }) }),
  );
  const projectId = createProject.project.id;
  await get(
    url,
    'mutation ($input: UpdateProjectLimitsInput!) { updateProjectLimits(input: $input) { project { id } } }',
    { input: { id: projectId, maxConcurrentGenerations: 10_000 } },
    z.object({ updateProjectLimits: z.object({ project: made }) }),
  );
  const { createCharacter } = await get(
    url,
    'mutation ($input: CreateCharacterInput!) { createCharacter(input: $input) { character { id } } }',
    { input: { projectId, name: 'Mara' } },
    z.object({ createCharacter: z.object({ character: made }) }),
  );
  const characterId = createCharacter.character.id;
  const face = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#46c' } })
    .png()
    .toBuffer();
  await get(
    url,
    'mutation ($input: AddReferenceImageInput!) { addReferenceImage(input: $input) { referenceImage { id } } }',
    { input: { characterId, kind: 'FACE', source: { base64: face.toString('base64') } } },
    z.object({ addReferenceImage: z.object({ referenceImage: made }) }),
  );
  return { projectId, characterId };
}

async function generate(url: string, characterId: string): Promise<void> {
  await get(
    url,
    'mutation ($input: GenerateInput!) { generate(input: $input) { generation { id } } }',
    { input: { characterId, model: { consistentCharacter: { prompt: 'at the sea' } } } },
    z.object({ generate: z.object({ generation: made }) }),
  );
}

/** Runs an operation and returns its data, parsed with the expected schema. */
async function get<Data>(url: string, query: string, variables: object, expected: z.ZodType<Data>) {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data } = z.object({ data: z.unknown() }).parse(await answer.json());
  return expected.parse(data);
}

function failed(message: string): never {
  throw new Error(message);
}
