import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addDays, dayText } from '../src/days.ts';
import { toGlobalId } from '../src/platform/reads/global-id.ts';
import { fillLibraryBooks } from './money/fill.ts';
import { portionsOf } from './money/portions.ts';
import { clusterCpuSeconds, startMoneyPostgres } from './money/postgres.ts';
import { cpuSeconds, residentMegabytes, startNode } from './processes.ts';
import { atMost, type Bench, median, type Result } from './result.ts';
import { withClient } from './support/client.ts';
import { aboutProject, askOnce, dataOf, libraryQuery, type Target } from './support/questions.ts';
import { startDramatis } from './support/servers.ts';

/** The server that is measured, its database and the project with all rows. */
interface Place extends Target {
  readonly pid: number;
  readonly authorization: string;
  readonly projectId: string;
  readonly databaseUrl: string;
  readonly postmaster: number;
}

const adminKey = 'bench'.repeat(8);
const rounds = 5;

/** The cost of spend reports and of exports, with 8,000 characters and 250,000 runs within 90 days. */
export const money: Bench = {
  name: 'money',
  about: 'Spend reports and exports of 250,000 runs: against library queries, first portions and COPY.',
  async run() {
    await using closing = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'dramatis-bench-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    const postgres = await startMoneyPostgres(directory);
    closing.defer(() => postgres.stop());
    const start = () =>
      startDramatis(postgres.url, {
        dataDirectory: join(directory, 'data'),
        environment: { ROLE: 'api', ADMIN_API_KEY: adminKey },
      });
    // The first start migrates the database and stores its provider environment, which all filled rows get.
    await (await start()).stop();
    const projectId = await withClient(postgres.url, (client) =>
      fillLibraryBooks(client, (line) => console.log(`  ${line}`)),
    );
    const server = await start();
    closing.defer(() => server.stop());
    const place: Place = {
      ...server,
      authorization: `Bearer ${adminKey}`,
      projectId,
      databaseUrl: postgres.url,
      postmaster: postgres.postmaster,
    };
    return [
      ...(await exportedPortions(place)),
      ...(await exportedMemory(place)),
      await exportedRuns(place),
      ...(await reports(place)),
    ];
  },
};

/** Checks that the last portion of each export reads as much as an early one. */
async function exportedPortions({ databaseUrl, projectId }: Place): Promise<Result[]> {
  const results: Result[] = [];
  for (const name of ['spend', 'ledger', 'generations'] as const) {
    const { first, last, count } = await portionsOf(databaseUrl, name, projectId);
    results.push(
      atMost(1.2, {
        what: `export of ${name}, buffers of the last portion`,
        against: 'the first portion',
        value: last / first,
        note: `${last} to ${first} buffers; ${count} portions`,
      }),
    );
  }
  return results;
}

/** Measures the resident memory of the server while it sends each file. */
async function exportedMemory(place: Place): Promise<Result[]> {
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, residentMegabytes(place.pid));
  }, 50);
  const before = residentMegabytes(place.pid);
  try {
    for (const file of ['generations.csv', 'ledger.csv', 'spend.csv']) await download(place, file);
  } finally {
    clearInterval(timer);
  }
  return [
    atMost(350, {
      what: 'resident memory during exports of runs, ledger and spend, one after another',
      against: 'a megabyte',
      value: most,
      note: `${before.toFixed(0)} MB before`,
    }),
  ];
}

/** Compares the CPU time of a row, of the server and of Postgres together, with COPY through another process. */
async function exportedRuns(place: Place): Promise<Result> {
  const copy = await startNode(['bench/rivals/copy.ts'], { DATABASE_URL: place.databaseUrl }, (line) =>
    line.startsWith('http') ? line : undefined,
  );
  try {
    const ours: number[] = [];
    const theirs: number[] = [];
    const perRow = async (pid: number, send: () => Promise<number>) => {
      const before = cpuSeconds(pid) + clusterCpuSeconds(place.postmaster);
      const lines = await send();
      return ((cpuSeconds(pid) + clusterCpuSeconds(place.postmaster) - before) / lines) * 1e6;
    };
    for (let round = 0; round < rounds; round += 1) {
      ours.push(await perRow(place.pid, () => download(place, 'generations.csv')));
      theirs.push(await perRow(copy.pid, () => countLines(fetch(`${copy.ready}/${place.projectId}`))));
    }
    return atMost(3, {
      what: 'export of runs as CSV, CPU of the server and Postgres for each row',
      against: 'COPY … TO STDOUT through a process',
      value: median(ours) / median(theirs),
      note: `${median(ours).toFixed(1)} to ${median(theirs).toFixed(1)} µs, medians of ${rounds} rounds in turn`,
    });
  } finally {
    await copy.stop();
  }
}

function download({ url, authorization, projectId }: Place, file: string): Promise<number> {
  const address = `${url}/exports/${file}?projectId=${toGlobalId('Project', projectId)}`;
  return countLines(fetch(address, { headers: { authorization, 'accept-encoding': 'identity' } }));
}

async function countLines(answer: Promise<Response>): Promise<number> {
  const response = await answer;
  if (!response.ok) throw new Error(`an export answered ${response.status}`);
  let lines = 0;
  for await (const chunk of response.body ?? []) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
  }
  return lines;
}

/** Compares what a point of a report costs Postgres with a point of the library query. */
async function reports(place: Place): Promise<Result[]> {
  const to = dayText(new Date());
  const from = addDays(to, -89);
  const spend = (groupBy: string, fields = 'amount runs failures pictures keptPictures') =>
    aboutProject(
      `query Spend($projectId: ID!) { project(id: $projectId) { spend(from: "${from}", to: "${to}", groupBy: [${groupBy}]) {
        rows { startsOn characterId userId ${fields} } hasMore totals { ${fields} } } } }`,
      place.projectId,
    );
  const library = { body: aboutProject(libraryQuery, place.projectId), times: 100 };
  const results: Result[] = [];
  for (const [name, body, times] of [
    ['by character', spend('CHARACTER'), 3],
    ['by character, with medians', spend('CHARACTER', 'amount runs medianSeconds'), 3],
    ['by month and character', spend('MONTH, CHARACTER'), 3],
    ['by day and model', spend('DAY, MODEL'), 30],
    ['by member, with medians', spend('MEMBER', 'amount runs medianSeconds'), 30],
  ] as const) {
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      ours.push(await cpuOfAPoint(place, body, times));
      theirs.push(await cpuOfAPoint(place, library.body, library.times));
    }
    results.push(
      atMost(10, {
        what: `spend of 90 days ${name}, CPU of Postgres for each point`,
        against: 'a point of the library query',
        value: median(ours) / median(theirs),
        note: `${median(ours).toFixed(1)} to ${median(theirs).toFixed(1)} µs, medians of ${rounds} rounds in turn; ${await pointsOf(place, body)} points`,
      }),
    );
  }
  return results;
}

async function cpuOfAPoint(place: Place, body: string, times: number): Promise<number> {
  const points = await pointsOf(place, body);
  const before = clusterCpuSeconds(place.postmaster);
  for (let sent = 0; sent < times; sent += 1) await askOnce(place, body);
  return ((clusterCpuSeconds(place.postmaster) - before) / times / points) * 1e6;
}

async function pointsOf(place: Place, body: string): Promise<number> {
  const answer = await askOnce(place, body);
  if (dataOf(answer).includes('"rows":[]')) throw new Error('a report is empty');
  return Number(/"requested":(\d+)/.exec(answer)?.[1]);
}
