import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startEmbeddedPostgres } from '../src/platform/db/embedded-postgres.ts';
import { token, tokenSettings } from '../test/support/people.ts';
import { type Audience, gather } from './audience.ts';
import { atMost, type Bench, median, type Result } from './result.ts';

const adminKey = 'bench_admin_key_0123456789';
/** The numbers of sockets, people and keys. Each person and each key has `socketsEach` sockets. */
const [adminSockets, people, keys, socketsEach] = [1_000, 150, 50, 20];
const [rounds, eventsInRound] = [7, 8];
const document = `subscription ($projectId: ID!) {
  projectEvents(projectId: $projectId) {
    sequence kind at
    character { id name description appearance tags archivedAt updatedAt }
    generation { id status cost }
  } }`;

export const fanOut: Bench = {
  name: 'fan-out',
  about: 'One event to 5,000 subscribers, against plain graphql-ws.',
  async run() {
    const directory = await mkdtemp(join(tmpdir(), 'dramatis-bench-'));
    const postgres = await startEmbeddedPostgres({ directory, log: () => undefined });
    const [ours, plain] = await Promise.all([
      startServer('dist/main.js', {
        DATABASE_URL: postgres.url,
        DATA_DIR: join(directory, 'data'),
        ADMIN_API_KEY: adminKey,
        PORT: '0',
        // All service keys of a project share the socket limit and the query points of one viewer.
        WS_MAX_SOCKETS: '100000',
        WS_MAX_SUBSCRIPTIONS: '100000',
        COST_PER_SECOND: '1000000',
        COST_BURST: '100000000',
        ...tokenSettings,
      }),
      startServer('bench/plain-subscriptions.ts', {}),
    ]);
    const client = new pg.Client({ connectionString: postgres.url });
    try {
      await client.connect();
      return await compare(client, ours, plain);
    } finally {
      await client.end();
      await Promise.all([ours, plain].map((each) => each.stop()));
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    }
  },
};

async function compare(client: pg.Client, ours: Started, plain: Started): Promise<Result[]> {
  const url = `http://127.0.0.1:${ours.port}`;
  const ask = async (query: string, key = adminKey) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const { data, errors } = (await response.json()) as { data: Record<string, Answer>; errors?: unknown };
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  };
  const made = await ask('mutation { createProject(input: { name: "Fan-out" }) { project { id } } }');
  const projectId = String(made.createProject?.project?.id);
  const credentials = await viewers(client, projectId, ask);
  const options = { query: document, variables: { projectId } };
  const before = [ours, plain].map(({ rss }) => rss());
  const heard: Audience = await gather(ours.port, credentials, options);
  const plainly: Audience = await gather(plain.port, credentials, options);
  const memory = [ours, plain].map(({ rss }, index) => (rss() - (before[index] ?? 0)) / credentials.length);

  const created = await ask(
    `mutation { createCharacter(input: { projectId: "${projectId}", name: "Mara", tags: ["sea", "night"] }) { character { id } } }`,
  );
  await heard.next();
  const characterId = String(created.createCharacter?.character?.id);
  let event: unknown;
  // Records an event in the database, as another process would.
  const sendOurs = async () => {
    await client.query('SELECT record_project_event($1, $2, NULL, $3, NULL, NULL, NULL)', [
      rowId(projectId),
      'CHARACTER_UPDATED',
      rowId(characterId),
    ]);
    const data = await heard.next();
    event = JSON.parse(data).projectEvents;
    return data;
  };
  const sendPlain = async () => {
    await fetch(`http://127.0.0.1:${plain.port}/`, { method: 'POST', body: JSON.stringify(event) });
    return plainly.next();
  };
  // Warms both up. Ours goes first, so that the plain server can send the same event.
  for (let index = 0; index < 3; index += 1) {
    if ((await sendOurs()) !== (await sendPlain())) throw new Error('The two servers send different events.');
  }
  const spent = { ours: [] as number[], plain: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    spent.ours.push(await costOf(ours, sendOurs, credentials.length));
    spent.plain.push(await costOf(plain, sendPlain, credentials.length));
  }
  heard.close();
  plainly.close();
  const [own, theirs] = [median(spent.ours), median(spent.plain)];
  const kilobytes = memory.map((bytes) => (bytes / 1_024).toFixed(0));
  return [
    atMost(0.35, {
      what: `one event to ${credentials.length} subscribers, CPU per delivery`,
      against: 'plain graphql-ws',
      value: own / theirs,
      note: `${own.toFixed(1)} µs to ${theirs.toFixed(1)} µs, medians of ${rounds} rounds of ${eventsInRound} events in turn; ${kilobytes.join(' KB to ')} KB a subscriber`,
    }),
  ];
}

/** The database's id in an id of the API. */
function rowId(globalId: string): string {
  return Buffer.from(globalId, 'base64url').toString().split(':')[1] ?? '';
}

interface Answer {
  readonly project?: { id: string };
  readonly character?: { id: string };
  readonly secret?: string;
}

/** One credential for each socket: the admin key, tokens of people of every role, and keys of the project. */
async function viewers(
  client: pg.Client,
  projectId: string,
  ask: (query: string, key?: string) => Promise<Record<string, Answer>>,
): Promise<string[]> {
  const tokens = await Promise.all(Array.from({ length: people }, (_, index) => token(`bench-${index}`)));
  for (const each of tokens) await ask('{ __typename }', each);
  await client.query(
    `INSERT INTO members (id, project_id, user_id, role)
     SELECT gen_random_uuid(), p.id, u.id, (ARRAY['VIEWER', 'EDITOR', 'OWNER'])[1 + row_number() OVER () % 3]::"Role"
     FROM users u, projects p WHERE u.subject LIKE 'bench-%'`,
  );
  const secrets: string[] = [];
  for (let index = 0; index < keys; index += 1) {
    const { createApiKey } = await ask(
      `mutation { createApiKey(input: { projectId: "${projectId}", name: "bench", kind: SERVICE, role: EDITOR }) { secret } }`,
    );
    secrets.push(String(createApiKey?.secret));
  }
  const each = [...tokens, ...secrets].flatMap((credential) => Array<string>(socketsEach).fill(credential));
  return [...Array<string>(adminSockets).fill(adminKey), ...each];
}

/** The CPU time of a server for each delivery of an event, in microseconds. */
async function costOf(server: Started, send: () => Promise<string>, deliveries: number): Promise<number> {
  const before = server.cpuMs();
  for (let index = 0; index < eventsInRound; index += 1) await send();
  return ((server.cpuMs() - before) * 1_000) / (eventsInRound * deliveries);
}

interface Started {
  readonly port: number;
  /** The CPU time that all of its threads have used so far. */
  cpuMs(): number;
  rss(): number;
  stop(): Promise<void>;
}

/** Starts a server in a separate process, which prints its port or the URL that it listens on. */
async function startServer(file: string, environment: Record<string, string>): Promise<Started> {
  const child: ChildProcess = spawn(process.execPath, [file], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const port = await new Promise<number>((resolve, reject) => {
    void exited.then(() => reject(new Error(`${file} ended before it listened`)));
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, port] = /^(\d+)$|"url":"http:\/\/[^"]*:(\d+)"/.exec(line)?.filter(Boolean) ?? [];
      if (port) resolve(Number(port));
    });
  });
  const stat = () => {
    const text = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  };
  return {
    port,
    // User and system time, the 14th and 15th field of the whole line, in hundredths of a second.
    cpuMs: () => (Number(stat()[11]) + Number(stat()[12])) * 10,
    rss: () => Number(stat()[21]) * 4_096,
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await exited;
      clearTimeout(late);
    },
  };
}

if (import.meta.main) {
  for (const { what, against, value, bound, holds, note } of await fanOut.run()) {
    process.stdout.write(`${value.toFixed(2)}  ${what}, against ${against} (${bound}; ${note})\n`);
    if (!holds) process.exitCode = 1;
  }
}
