import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { reviewAccess } from '../src/features/access/review-access.ts';
import { connectDatabase } from '../src/platform/db/connect.ts';
import { toGlobalId } from '../src/platform/reads/global-id.ts';
import { gather } from './audience.ts';
import { cpuSeconds } from './processes.ts';
import { atMost, type Bench, median, type Result } from './result.ts';
import { withClient } from './support/client.ts';
import { libraryProjectId } from './support/fill.ts';
import { startHeapProcess } from './support/heap.ts';
import { aboutProject, askOnce, dataOf, libraryQuery } from './support/questions.ts';
import { makeKeys } from './support/socket-keys.ts';
import { openStage, type Stage, type StagedServer } from './support/stage.ts';

const limits = { WS_MAX_SOCKETS: '100000', WS_MAX_SUBSCRIPTIONS: '100000', WS_FRAMES_PER_SECOND: '1000000' };
const [rounds, queriesInRound, atOnce] = [7, 160, 4];
const followedProjects = 5_000;
const quietSeconds = 10;
const [fewKeys, manyKeys, reviewsOfMany] = [5_000, 18_000, 5];
const subscribers = 2_000;

/** What sockets cost: queries, projects that are followed without news, reviews of access, memory. */
export const sockets: Bench = {
  name: 'sockets',
  about: 'A query over WebSocket, 5,000 followed projects, reviews of access, memory of a subscriber.',
  async run() {
    await using stage = await openStage();
    return [
      await overSocket(stage),
      await withoutNews(stage),
      await reviews(stage),
      await memoryOfSubscriber(stage),
    ];
  },
};

/** The CPU of the server for the library query over a socket, against HTTP. */
async function overSocket(stage: Stage): Promise<Result> {
  const server = await stage.dramatis(await stage.postgres.library('small'), { environment: limits });
  const body = aboutProject(libraryQuery, libraryProjectId);
  const socket = await openSocket(server);
  const ways = {
    socket: { ask: () => socket.ask(body), ms: [] as number[] },
    http: { ask: () => askOnce(server, body), ms: [] as number[] },
  };
  if (dataOf(await ways.http.ask()) !== dataOf(await ways.socket.ask()))
    throw new Error('The answers over HTTP and over the socket differ.');
  for (let round = -1; round < rounds; round += 1) {
    for (const { ask, ms } of Object.values(ways)) {
      const before = cpuSeconds(server.pid);
      await many(queriesInRound, ask);
      // The first round compiles the code.
      if (round >= 0) ms.push(((cpuSeconds(server.pid) - before) * 1_000) / queriesInRound);
    }
  }
  socket.close();
  await server.stop();
  const [own, http] = [median(ways.socket.ms), median(ways.http.ms)];
  return atMost(1.2, {
    what: 'the library query over WebSocket, CPU of the server',
    against: 'over HTTP',
    value: own / http,
    note: `${own.toFixed(2)} to ${http.toFixed(2)} ms, medians of ${rounds} rounds of ${queriesInRound} in turn; equal bytes of data`,
  });
}

async function many(count: number, ask: () => Promise<unknown>): Promise<void> {
  let left = count;
  const one = async () => {
    while (left-- > 0) await ask();
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

/** A socket of one client, which sends operations and takes the first message of each as its answer. */
async function openSocket({ url, authorization }: Pick<StagedServer, 'url' | 'authorization'>) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const waiting = new Map<string, (payload: string) => void>();
  const acknowledged = Promise.withResolvers<void>();
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } })),
  );
  socket.on('close', (code, reason) => acknowledged.reject(new Error(`closed with ${code} ${reason}`)));
  socket.on('message', (bytes) => {
    const text = String(bytes);
    if (text.startsWith('{"type":"connection_ack"')) return acknowledged.resolve();
    const [, id = '', from = ''] = /^\{"id":"(\d+)","type":"next","payload":()/d.exec(text) ?? [];
    if (from !== undefined && id !== '') waiting.get(id)?.(text.slice(text.indexOf('"payload":') + 10, -1));
    if (text.includes('"type":"error"')) throw new Error(text.slice(0, 500));
  });
  await acknowledged.promise;
  let count = 0;
  const send = (payload: string) => {
    count += 1;
    socket.send(`{"id":"${count}","type":"subscribe","payload":${payload}}`);
    return String(count);
  };
  return {
    send,
    ask: (payload: string) => new Promise<string>((resolve) => waiting.set(send(payload), resolve)),
    close: () => socket.close(),
  };
}

/** The statements of a server whose sockets follow many projects in which nothing happens. */
async function withoutNews(stage: Stage): Promise<Result> {
  const url = await stage.postgres.copyOf('small', 'sockets');
  const projects = await withClient(url, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `INSERT INTO projects (id, name) SELECT gen_random_uuid(), 'Quiet ' || n FROM generate_series(1, $1::int) n
       RETURNING id::text AS id`,
      [followedProjects],
    );
    return rows.map(({ id }) => toGlobalId('Project', id));
  });
  const environment = { ...limits, ADMIN_API_KEY: 'bench_admin_key_0123456789' };
  const server = await stage.dramatis(url, { name: 'quiet', environment });
  const authorization = `Bearer ${environment.ADMIN_API_KEY}`;
  const idle = await statementsASecond(url);
  const socket = await openSocket({ ...server, authorization });
  const query = 'subscription ($projectId: ID!) { projectEvents(projectId: $projectId) { sequence kind } }';
  for (const [index, projectId] of projects.entries()) {
    socket.send(JSON.stringify({ query, variables: { projectId } }));
    // A query waits for a connection like the subscriptions before it.
    if (index % 100 === 0)
      await socket.ask(JSON.stringify({ query: `{ project(id: "${projectId}") { id } }` }));
  }
  await sleep(10_000);
  const before = cpuSeconds(server.pid);
  const followed = await statementsASecond(url);
  const cpu = (cpuSeconds(server.pid) - before) / quietSeconds;
  socket.close();
  await server.stop();
  return atMost(10, {
    what: `statements for ${followedProjects} followed projects without news`,
    against: 'a second',
    value: Math.max(0, followed - idle),
    note: `${followed.toFixed(1)} with, ${idle.toFixed(1)} without followers, over ${quietSeconds} s (pg_stat_statements); ${(cpu * 1_000).toFixed(0)} ms of CPU a second`,
  });
}

async function statementsASecond(databaseUrl: string): Promise<number> {
  const database = databaseUrl.slice(databaseUrl.lastIndexOf('/') + 1);
  return withClient(databaseUrl.replace(/\/[^/]*$/, '/postgres'), async (client) => {
    await client.query(
      'CREATE EXTENSION IF NOT EXISTS pg_stat_statements; SELECT pg_stat_statements_reset()',
    );
    await sleep(quietSeconds * 1_000);
    const { rows } = await client.query<{ calls: number }>(
      `SELECT coalesce(sum(s.calls), 0)::float8 AS calls FROM pg_stat_statements s
       JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = $1`,
      [database],
    );
    return (rows[0]?.calls ?? 0) / quietSeconds;
  });
}

/** The CPU of this process and of Postgres for the review of a key's access, among many and among few. */
async function reviews(stage: Stage): Promise<Result> {
  const url = await stage.postgres.copyOf('small', 'sockets');
  const keys = await withClient(url, (client) => makeKeys(client, libraryProjectId, manyKeys));
  const db = connectDatabase(url);
  const followers = keys.map(({ viewer }) => ({ viewer, projectId: libraryProjectId }));
  const sizes = { few: fewKeys, many: manyKeys };
  const microseconds = { few: [] as number[], many: [] as number[] };
  const pids = () =>
    withClient(url, async (client) => {
      const { rows } = await client.query<{ pid: number }>(
        "SELECT pid FROM pg_stat_activity WHERE datname = 'sockets' AND pid <> pg_backend_pid()",
      );
      return rows.map(({ pid }) => pid);
    });
  try {
    for (let round = -1; round < rounds; round += 1) {
      for (const name of ['few', 'many'] as const) {
        const times = Math.round((manyKeys * reviewsOfMany) / sizes[name]);
        const asked = followers.slice(0, sizes[name]);
        const backends = await pids();
        const postgres = () => backends.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
        const [own, theirs] = [process.cpuUsage(), postgres()];
        for (let time = 0; time < times; time += 1) await reviewAccess({ db }, asked);
        const { user, system } = process.cpuUsage(own);
        const spent = user + system + (postgres() - theirs) * 1_000_000;
        if (round >= 0) microseconds[name].push(spent / (times * sizes[name]));
      }
    }
  } finally {
    await db.$disconnect();
  }
  const [few, all] = [median(microseconds.few), median(microseconds.many)];
  return atMost(1.1, {
    what: `review of access among ${manyKeys} keys, CPU for each`,
    against: `among ${fewKeys}`,
    value: all / few,
    note: `${all.toFixed(2)} to ${few.toFixed(2)} µs of this process and Postgres, medians of ${rounds} rounds in turn`,
  });
}

/** The heap of a subscriber beyond the heap of its socket. */
async function memoryOfSubscriber(stage: Stage): Promise<Result> {
  const url = await stage.postgres.copyOf('small', 'sockets');
  const keys = await withClient(url, (client) => makeKeys(client, libraryProjectId, subscribers));
  const [ours, bare] = await Promise.all([
    startHeapProcess('dist/main.js', {
      ...limits,
      DATABASE_URL: url,
      DATA_DIR: `bench/.data/memory-of-subscriber`,
      ADMIN_API_KEY: 'bench_admin_key_0123456789',
      COST_PER_SECOND: '1000000',
      COST_BURST: '100000000',
      PORT: '0',
    }),
    startHeapProcess('bench/bare-sockets.ts', {}),
  ]);
  const query = 'subscription ($projectId: ID!) { projectEvents(projectId: $projectId) { sequence kind } }';
  const payload = { query, variables: { projectId: toGlobalId('Project', libraryProjectId) } };
  const secrets = keys.map(({ secret }) => secret);
  const heapOfEach = async ({ port, heapBytes }: typeof ours) => {
    // What the first sockets bring into memory stays there: compiled code and caches.
    (await gather(port, secrets, payload)).close();
    await sleep(2_000);
    const before = await heapBytes();
    const audience = await gather(port, secrets, payload);
    const each = ((await heapBytes()) - before) / secrets.length / 1_024;
    audience.close();
    return each;
  };
  const [own, socket] = [await heapOfEach(ours), await heapOfEach(bare)];
  await Promise.all([ours.stop(), bare.stop()]);
  return atMost(16, {
    what: `heap of each of ${subscribers} subscribers beyond their sockets`,
    against: 'KB',
    value: own - socket,
    note: `${own.toFixed(1)} KB with, ${socket.toFixed(1)} KB for a bare socket of ws; heaps after collecting garbage`,
  });
}
