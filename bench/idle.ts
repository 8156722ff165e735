import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ManyRuns, startManyRuns, until } from './many-runs.ts';
import { cpuSeconds } from './processes.ts';
import { atLeast, atMost, type Bench, type Result } from './result.ts';

/* `--profile` also prints the statements that Postgres was sent, with their numbers. */
const isProfiled = process.argv.includes('--profile');

/** How long a server is left alone before it is measured, and then measured. */
const settleMs = 10_000;
const idleMs = 20_000;
/** The runs that are held in flight, and how long they are watched. */
const held = 3_000;
/** Longer than the time between two heartbeats of a job, so that each job has one in it. */
const heldMs = 470_000;
/** The runs whose whole walk is measured, and how many of these are requested at a time. */
const walked = 400;
const walkedAtOnce = 8;

/** What a server and its Postgres cost that have nothing to do, that only hold runs, and that walk runs. */
export const idle: Bench = {
  name: 'idle',
  about: 'The cost of a server without work, of 3,000 runs in flight, and of each completed run in Postgres.',
  async run() {
    return [...(await measureIdle()), ...(await measureWalk()), ...(await measureHeld())];
  },
};

async function withRuns<Value>(projects: number, work: (many: ManyRuns) => Promise<Value>): Promise<Value> {
  const many = await startManyRuns({
    projects,
    flags: ['-c', 'shared_preload_libraries=pg_stat_statements'],
  });
  try {
    await many.database.query('CREATE EXTENSION pg_stat_statements');
    return await work(many);
  } finally {
    await many.stop();
  }
}

/** What Postgres has done since a moment. */
interface Work {
  readonly seconds: number;
  readonly serverCpu: number;
  readonly postgresCpu: number;
  readonly walBytes: number;
  readonly statements: number;
  readonly texts: readonly string[];
}

/** Measures the server and Postgres while `work` runs. */
async function measure(many: ManyRuns, work: () => Promise<unknown>): Promise<Work> {
  const wal = async () => {
    const { rows } = await many.database.query<{ at: number }>(
      "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8 AS at",
    );
    return rows[0]?.at ?? Number.NaN;
  };
  await many.database.query('SELECT pg_stat_statements_reset()');
  const [walBefore, startedAt] = [await wal(), performance.now()];
  const before = [cpuSeconds(many.server.pid), postgresCpu(many.postgresPid)] as const;
  await work();
  const after = [cpuSeconds(many.server.pid), postgresCpu(many.postgresPid)] as const;
  const seconds = (performance.now() - startedAt) / 1_000;
  const walBytes = (await wal()) - walBefore;
  const { rows } = await many.database.query<
    Record<'calls' | 'ms' | 'bytes' | 'pages', number> & { query: string }
  >(
    `SELECT sum(s.calls)::float8 AS calls, s.query, sum(s.total_exec_time + s.total_plan_time)::float8 AS ms,
       sum(s.wal_bytes)::float8 AS bytes, sum(s.wal_fpi)::float8 AS pages
     FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid AND d.datname = current_database()
     WHERE s.query !~ 'pg_stat_statements|pg_current_wal' GROUP BY s.query ORDER BY 1 DESC`,
  );
  return {
    seconds,
    serverCpu: after[0] - before[0],
    postgresCpu: after[1] - before[1],
    walBytes,
    statements: rows.reduce((sum, { calls }) => sum + calls, 0),
    texts: rows.map(
      ({ calls, ms, bytes, pages, query }) =>
        `${calls} x, ${ms.toFixed(0)} ms, ${(bytes / 1_000).toFixed(0)} kB (${pages} whole pages): ${query.replace(/\s+/g, ' ').slice(0, 110)}`,
    ),
  };
}

function print(what: string, { texts, seconds }: Work): void {
  if (!isProfiled) return;
  console.log(`  ${what}, ${seconds.toFixed(1)} s:`);
  for (const text of texts.slice(0, 45)) console.log(`    ${text}`);
}

/** The CPU seconds of a postmaster and all of its processes, those that have ended included. */
function postgresCpu(postmaster: number): number {
  const ended = readFileSync(`/proc/${postmaster}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const children = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && parentOf(Number(name)) === postmaster,
  );
  const living = children.reduce((sum, pid) => sum + cpuOf(Number(pid)), 0);
  return cpuSeconds(postmaster) + living + (Number(ended[13]) + Number(ended[14])) / 100;
}

function cpuOf(pid: number): number {
  try {
    return cpuSeconds(pid);
  } catch {
    return 0;
  }
}

function parentOf(pid: number): number | null {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]);
  } catch {
    return null;
  }
}

/** A server with one project and nothing to do. */
async function measureIdle(): Promise<Result[]> {
  const work = await withRuns(1, async (many) => {
    await sleep(settleMs);
    return measure(many, () => sleep(idleMs));
  });
  print('idle', work);
  const against = 'seconds on the clock';
  const note = `${(work.statements / work.seconds).toFixed(1)} statements a second`;
  return [
    atMost(5, {
      what: 'idle with one project, CPU ms of the server',
      against,
      value: (work.serverCpu * 1_000) / work.seconds,
      note,
    }),
    atMost(5, {
      what: 'idle with one project, CPU ms of Postgres',
      against,
      value: (work.postgresCpu * 1_000) / work.seconds,
      note,
    }),
  ];
}

/** Runs from the request to the stored picture, with a provider that is done at the first poll. */
async function measureWalk(): Promise<Result[]> {
  return withRuns(4, async (many) => {
    await many.release(0);
    const walk = async (runs: number) => {
      const { rows } = await many.database.query<{ done: number }>(countDone);
      const target = (rows[0]?.done ?? 0) + runs;
      let left = runs;
      const one = async () => {
        while (left-- > 0) await many.request(left);
      };
      await Promise.all(Array.from({ length: walkedAtOnce }, one));
      await until('every run to be completed', 120_000, async () => {
        return ((await many.database.query<{ done: number }>(countDone)).rows[0]?.done ?? 0) >= target;
      });
    };
    // Connections are opened, plans are made, and the tables get their first pages.
    await walk(walked / 2);
    await sleep(2_000);
    const rest = await measure(many, () => sleep(10_000));
    await many.database.query(
      "CHECKPOINT; SELECT pg_stat_reset_single_table_counters('generations'::regclass)",
    );
    const work = await measure(many, () => walk(walked));
    print('walk', work);
    await sleep(11_000);
    const { rows } = await many.database.query<{ hot: number; updates: number }>(
      `SELECT n_tup_hot_upd::float8 AS hot, n_tup_upd::float8 AS updates FROM pg_stat_user_tables WHERE relname = 'generations'`,
    );
    const { hot = 0, updates = 0 } = rows[0] ?? {};
    const share = work.seconds / rest.seconds;
    const each = (total: number, idle: number) => (total - idle * share) / walked;
    const note = `${walked} runs of 4 projects, ${walkedAtOnce} requested at a time, in ${work.seconds.toFixed(0)} s; without what an idle server sends`;
    const against = 'a completed run';
    return [
      atMost(14, { what: 'kB of WAL', against, value: each(work.walBytes, rest.walBytes) / 1_000, note }),
      atMost(18, { what: 'statements', against, value: each(work.statements, rest.statements), note }),
      atMost(8, {
        what: 'CPU ms of Postgres',
        against,
        value: 1_000 * each(work.postgresCpu, rest.postgresCpu),
        note,
      }),
      atLeast(0.5, {
        what: 'HOT updates of `generations`',
        against: 'all updates of `generations`',
        value: hot / updates,
        note: `${hot} of ${updates}, ${(updates / walked).toFixed(1)} a run`,
      }),
    ];
  });
}

const countDone = "SELECT count(*)::float8 AS done FROM generations WHERE status = 'COMPLETED'";

/** Runs that are with the provider, and do not end. */
async function measureHeld(): Promise<Result[]> {
  return withRuns(20, async (many) => {
    await many.ask(held);
    await until(
      'every run is at the provider',
      180_000,
      async () => (await many.counts()).submitted === held,
    );
    await sleep(settleMs);
    // A checkpoint in the time that is measured would make Postgres write whole pages.
    await many.database.query('CHECKPOINT');
    await sleep(settleMs);
    const work = await measure(many, () => sleep(heldMs));
    print('held', work);
    return [
      atMost(40, {
        what: `kB of WAL, ${held} runs in flight`,
        against: 'seconds on the clock',
        value: work.walBytes / 1_000 / work.seconds,
        note: `${(work.statements / work.seconds).toFixed(1)} statements a second; CPU ms a second: ${((work.serverCpu * 1_000) / work.seconds).toFixed(0)} of the server, ${((work.postgresCpu * 1_000) / work.seconds).toFixed(0)} of Postgres`,
      }),
    ];
  });
}

if (import.meta.main) {
  const only = process.argv[2];
  const parts = { idle: measureIdle, walk: measureWalk, held: measureHeld };
  const chosen = Object.entries(parts).filter(
    ([name]) => only === undefined || only.startsWith('-') || only === name,
  );
  for (const [, part] of chosen)
    for (const { what, against, value, bound, holds, note } of await part())
      process.stdout.write(
        `${value.toFixed(2).padStart(8)}  ${what} / ${against} (${bound})${holds ? '' : '  FAILED'}; ${note}\n`,
      );
}
