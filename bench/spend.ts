import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import pg from 'pg';
import { dayMs, dayText } from '../src/days.ts';
import { projectSpend } from '../src/features/spend/spend.queries.ts';
import { createLogger } from '../src/logger.ts';
import { connectDatabase } from '../src/platform/db/connect.ts';
import { startEmbeddedPostgres } from '../src/platform/db/embedded-postgres.ts';
import { migrate } from '../src/platform/db/migrations/migrate.ts';
import { migrationsDirectory } from '../src/platform/db/migrations/read-migrations.ts';
import { toGlobalId } from '../src/platform/reads/global-id.ts';
import { Loaders } from '../src/platform/reads/loaders.ts';
import { openReader } from '../src/platform/reads/reader.ts';
import { createSegmind } from '../src/platform/segmind/segmind.ts';
import { registerExportRoute } from '../src/server/files/export-route.ts';
import { collectGarbage } from '../test/support/collect-garbage.ts';
import { checkBooks, daysOfBooks, fillBooks } from './books.ts';
import { settleThroughput } from './settle.ts';

/*
 * How the cost of analytics, exports and settling grows with the books, as ratios of work that is measured in turn in
 * one process. Run it with `npm run build && node bench/spend.ts`. It starts its own Postgres, takes some minutes,
 * and fails when a ratio exceeds its bound.
 */
const failures: string[] = [];

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function print(name: string, value: number, bound: string, holds: boolean): void {
  process.stdout.write(`${value.toFixed(4).padStart(10)}  ${name} (${bound})${holds ? '' : '  FAILED'}\n`);
  if (!holds) failures.push(`${name}: ${value.toFixed(4)}, ${bound}`);
}

async function tookMs(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** The median times of several works. The works alternate, so that noise affects all of them. */
async function compare(work: readonly (() => Promise<unknown>)[], rounds: number): Promise<number[]> {
  const took = work.map(() => [] as number[]);
  for (const each of work) await each();
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, each] of work.entries()) took[index]?.push(await tookMs(each));
  }
  return took.map(median);
}

const directory = await mkdtemp(join(tmpdir(), 'dramatis-bench-'));
const postgres = await startEmbeddedPostgres({ directory, log: () => undefined });
const db = connectDatabase(postgres.url);
const reader = openReader(postgres.url);
/** A client for the provider that is never called. Its environment is the one of a database that no server has used. */
const segmind = createSegmind({
  apiKey: 'bench',
  baseUrl: 'http://127.0.0.1:1',
  uploadUrl: 'http://127.0.0.1:1',
  maxOutputBytes: 1,
  environment: '',
});
const client = new pg.Client({ connectionString: postgres.url });
try {
  await migrate(postgres.url, migrationsDirectory);
  await client.connect();
  await checkBooks(client);
  process.stdout.write('The triggers and the fill write the same ledger and the same rollups.\n\n');
  const projects: string[] = [];
  for (const entries of [10_000, 100_000, 1_000_000]) projects.push(await fillBooks(client, entries));
  await client.query('VACUUM (ANALYZE) generations, ledger_entries, spend_rollups');
  const [small = '', middle = '', large = ''] = projects;
  await reports(small, middle, large);
  await raw(large);
  await exported(large);
  for (const [name, ratio] of await settleThroughput(postgres.url))
    print(
      `settling runs, with the rollups' trigger to without, ${name}`,
      ratio,
      'at least 0.75',
      ratio >= 0.75,
    );
} finally {
  await db.$disconnect();
  await reader.close();
  await client.end();
  await postgres.stop();
  await rm(directory, { recursive: true, force: true });
}
if (failures.length > 0) {
  process.stdout.write(`\nOut of bounds:\n${failures.join('\n')}\n`);
  process.exitCode = 1;
}

function spend(projectId: string) {
  const day = (ago: number) => dayText(new Date(Date.now() - ago * dayMs));
  const ctx = { db, viewer: { kind: 'ADMIN' }, loaders: new Loaders() } as const;
  const args = { from: day(daysOfBooks), to: day(0), groupBy: ['DAY', 'MODEL'] as const, first: 1_000 };
  return projectSpend(ctx, projectId, { ...args, groupBy: [...args.groupBy], needsMedians: true });
}

/** Checks that a report takes as long with a hundred times the entries. */
async function reports(small: string, middle: string, large: string): Promise<void> {
  const [smallMs = 0, middleMs = 0, largeMs = 0] = await compare(
    [small, middle, large].map((id) => () => spend(id)),
    31,
  );
  process.stdout.write(
    `${largeMs.toFixed(1).padStart(10)}  ms for spend by day and model, 1,000,000 entries\n`,
  );
  print('spend at 100,000 entries to 10,000', middleMs / smallMs, 'at most 1.5', middleMs / smallMs <= 1.5);
  print('spend at 1,000,000 entries to 10,000', largeMs / smallMs, 'at most 1.5', largeMs / smallMs <= 1.5);
}

/** Checks that the report equals the sums of the entries and runs themselves, and that it is faster. */
async function raw(projectId: string): Promise<void> {
  const read = () =>
    client.query<Record<'startsOn' | 'model' | 'amount' | 'runs' | 'failures' | 'pictures' | 'kept', string>>(
      `WITH spent AS (
         SELECT generation_id, sum(CASE WHEN debit = 'SPENT' THEN amount_micros WHEN credit = 'SPENT' THEN -amount_micros ELSE 0 END) AS amount
         FROM ledger_entries WHERE project_id = $1 AND day > (now() AT TIME ZONE 'UTC')::date - $2::int - 1 GROUP BY generation_id
       )
       SELECT to_char((g.requested_at AT TIME ZONE 'UTC')::date, 'YYYY-MM-DD') AS "startsOn", g.model, sum(s.amount)::text AS amount,
         count(*)::text AS runs, count(*) FILTER (WHERE g.status = 'FAILED')::text AS failures, sum(g.pictures)::text AS pictures,
         sum(g.pictures - g.discarded)::text AS kept, percentile_cont(0.5) WITHIN GROUP (ORDER BY g.inference_seconds) AS median
       FROM spent s JOIN generations g ON g.id = s.generation_id GROUP BY 1, 2`,
      [projectId, daysOfBooks],
    );
  const fromEntries = new Set(
    (await read()).rows.map((row) =>
      [row.startsOn, row.model, row.amount, row.runs, row.failures, row.pictures, row.kept].join(' '),
    ),
  );
  const { rows } = await spend(projectId);
  const different = rows.filter(
    (row) =>
      !fromEntries.has(
        [
          row.startsOn,
          row.modelSlug,
          row.amount,
          row.runs,
          row.failures,
          row.pictures,
          row.keptPictures,
        ].join(' '),
      ),
  );
  if (different.length > 0 || rows.length !== fromEntries.size || rows.length === 0)
    failures.push(`the sums differ in ${different.length} of ${rows.length} rows`);
  const [rolledMs = 0, rawMs = 0] = await compare([() => spend(projectId), read], 7);
  print(
    'spend from rollups to the same from entries',
    rolledMs / rawMs,
    'at most 0.02',
    rolledMs / rawMs <= 0.02,
  );
}

/** Checks that an export of a million rows is streamed, so that memory does not grow. */
async function exported(projectId: string): Promise<void> {
  const app = Fastify();
  registerExportRoute(app, {
    exportsDb: db,
    exportsReader: reader,
    segmind,
    log: createLogger('silent'),
    authenticate: async () => ({ kind: 'ADMIN' }),
    meter: {
      spendDrawn: () => null,
      spend: async () => ({ requested: 0, remaining: 0, restoreRate: 0 }),
      close: async () => undefined,
    },
  });
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  const { rows } = await client.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM ledger_entries WHERE project_id = $1',
    [projectId],
  );
  const expected = rows[0]?.count ?? 0;
  const used = () => {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return (heapUsed + external) / 1_048_576;
  };
  const startedAt = performance.now();
  const response = await fetch(`${address}/exports/ledger.csv?projectId=${toGlobalId('Project', projectId)}`);
  let [lines, bytes, early] = [0, 0, 0];
  const late: number[] = [];
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    for (const byte of chunk) if (byte === 10) lines += 1;
    if (early === 0 && lines > expected / 10) early = used();
    else if (late.length < 9 && lines > ((late.length + 2) * expected) / 10) late.push(used());
  }
  late.push(used());
  await app.close();
  if (lines !== expected + 1) failures.push(`the export has ${lines} lines instead of ${expected + 1}`);
  const grown = Math.max(...late) - early;
  const megabytes = bytes / 1_048_576;
  const seconds = (performance.now() - startedAt) / 1_000;
  process.stdout.write(
    `${seconds.toFixed(1).padStart(10)}  s for a CSV of ${expected} entries, ${megabytes.toFixed(0)} MiB\n`,
  );
  print(
    'MiB of additional memory between a tenth of the export and all of it',
    grown,
    'at most 16',
    grown <= 16,
  );
}
