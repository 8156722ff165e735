import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { createLogger } from '../../../src/logger.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { doRounds, type LoopTools, type RegularTask } from '../../../src/platform/jobs/regular.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { delay } from '../../support/delay.ts';
import { eventually } from '../../support/eventually.ts';

let database: TestDatabase;
let processes: readonly Database[];
beforeAll(async () => {
  database = await createTestDatabase();
  processes = [1, 2].map(() => connectDatabase(database.url, { maxConnections: 2 }));
});
afterAll(async () => {
  await Promise.all(processes.map((db) => db.$disconnect()));
  await database.drop();
});

let lines: { level: string; msg: string }[];
let ending: AbortController;
let ended: Promise<unknown>[];
beforeEach(() => {
  lines = [];
  ending = new AbortController();
  ended = [];
});
afterEach(async () => {
  ending.abort();
  await Promise.all(ended);
});
const log = createLogger('info', { write: (line) => void lines.push(JSON.parse(line)) });
const begin = (task: RegularTask<LoopTools>) => {
  ended = processes.map((db) => doRounds(task, { db, log }, ending.signal));
};
/** Waits for rounds of another task, many of which are done while one is awaited that must not come. */
async function manyRounds(): Promise<void> {
  let count = 0;
  const run = () => async () => {
    count += 1;
  };
  const others = processes.map((db) =>
    doRounds({ ...task, each: 'process', run }, { db, log }, ending.signal),
  );
  ended = [...ended, ...others];
  await eventually('many rounds', () => count >= 20);
}
const task = {
  name: 'rounds',
  everyMs: 20,
  words: { failed: 'rounds fail', over: 'rounds succeed again' },
} as const;

/** Rounds of both processes: how many there were, and how many at once at the most. */
function countRounds() {
  const counts = { all: 0, atOnce: 0, most: 0 };
  const round = async () => {
    counts.all += 1;
    counts.atOnce += 1;
    counts.most = Math.max(counts.most, counts.atOnce);
    await delay(100);
    counts.atOnce -= 1;
  };
  return { counts, round };
}

it('rounds of each process are done at once', async () => {
  const { counts, round } = countRounds();
  begin({ ...task, each: 'process', run: () => round });
  await eventually('two at once', () => counts.most === 2);
});

it('rounds of an installation are done one at a time, in a transaction that knows when it began', async () => {
  const { counts, round } = countRounds();
  const moments: Date[] = [];
  begin({
    ...task,
    each: 'installation',
    lock: { key: 1_234_567, longestMs: 60_000 },
    run: () => async (_, tx, now) => {
      const [row] = await tx.$queryRaw<{ now: Date }[]>`SELECT now() AS now`;
      expect(row?.now).toEqual(now);
      moments.push(now);
      await round();
    },
  });
  await eventually('several rounds', () => counts.all >= 6);
  expect(counts.most).toBe(1);
  expect(moments.length).toBe(counts.all);
  expect(lines).toEqual([]);
});

it('a round says when the next one comes', async () => {
  const begunAt: number[] = [];
  begin({
    ...task,
    everyMs: 600_000,
    each: 'process',
    run: () => {
      let count = 0;
      return async () => {
        begunAt.push(performance.now());
        count += 1;
        return count < 5 ? 0 : undefined;
      };
    },
  });
  await eventually('five rounds of each', () => begunAt.length === 10);
  await manyRounds();
  expect(begunAt).toHaveLength(10);
});

it('the first round may come later, and an end is not waited for', async () => {
  const { counts, round } = countRounds();
  begin({ ...task, firstAfterMs: () => 600_000, each: 'process', run: () => round });
  await manyRounds();
  ending.abort();
  await Promise.all(ended);
  expect(counts.all).toBe(0);
});

it('rounds that fail go on, and are told once by each process, and so is their end', async () => {
  let isFailing = true;
  let failures = 0;
  begin({
    ...task,
    each: 'process',
    run: () => async () => {
      if (!isFailing) return;
      failures += 1;
      throw new Error('failing');
    },
  });
  await eventually('several failures', () => failures > 6);
  isFailing = false;
  await eventually('the end', () => lines.length === 4);
  expect(lines.map(({ level, msg }) => `${level} ${msg}`).sort()).toEqual([
    'info rounds succeed again',
    'info rounds succeed again',
    'warn rounds fail',
    'warn rounds fail',
  ]);
});

it('what a stop cuts short is no failure, nor is what is told elsewhere', async () => {
  let begun = 0;
  begin({
    ...task,
    each: 'process',
    isLoggedElsewhere: (error) => error instanceof RangeError,
    run: () => async (signal) => {
      begun += 1;
      if (begun < 6) throw new RangeError('told elsewhere');
      await delay(600_000, signal);
    },
  });
  await eventually('the failures', () => begun >= 7);
  ending.abort();
  await Promise.all(ended);
  expect(lines).toEqual([]);
});
