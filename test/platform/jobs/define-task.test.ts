import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from '@jest/globals';
import { z } from 'zod';
import { createLogger, type Logger } from '../../../src/logger.ts';
import type { JobHandler, JobKind } from '../../../src/platform/jobs/job.ts';
import { startJobQueue } from '../../../src/platform/jobs/job-queue.ts';
import { type Chore, type ChoreSettings, chores, workOnChores } from '../../support/chores.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';

/** Processes that work on chores, on a database of their own. */
interface Place {
  readonly database: TestDatabase;
  /** What they have logged. */
  readonly lines: Record<string, unknown>[];
  readonly log: Logger;
  /** Starts one more process. */
  start(work: JobHandler<Chore>, more?: ChoreSettings): ReturnType<typeof workOnChores>;
  /** Name and state of each job. */
  states(): Promise<string[]>;
  /** Something else to end with the rest. */
  onEnd(end: () => Promise<unknown>): void;
}

/** A story of a place. Most of them wait for seconds, so they do that side by side. */
function story(name: string, body: (place: Place) => Promise<void>): void {
  it.concurrent(name, async () => {
    const database = await createTestDatabase();
    const lines: Record<string, unknown>[] = [];
    const log = createLogger('info', { write: (line) => void lines.push(JSON.parse(line)) });
    const ends: (() => Promise<unknown>)[] = [];
    try {
      await body({
        database,
        lines,
        log,
        async start(work, more = {}) {
          const process = await workOnChores(database.url, log, work, more);
          ends.push(process.stop);
          return process;
        },
        async states() {
          const rows = await database.query(
            "SELECT data->>'name' AS name, state::text AS state FROM pgboss.job ORDER BY name",
          );
          return rows.map(({ name, state }) => `${name} ${state}`);
        },
        onEnd: (end) => void ends.push(end),
      });
    } finally {
      await Promise.all(ends.map((end) => end()));
      await database.drop();
    }
  }, 120_000);
}

story(
  'a job is tried again after a throw, so many times, and the log says which try was the last',
  async ({ lines, start, states }) => {
    const tries: string[] = [];
    const { send } = await start(
      async ({ payload: { name } }) => {
        tries.push(name);
        if (name === 'hopeless' || tries.filter((tried) => tried === name).length < 3)
          throw new Error('no luck');
      },
      { retry: { limit: 2, delaySeconds: 0 } },
    );
    await send({ owner: 'anna', name: 'hopeless' }, { owner: 'ben', name: 'lucky' });
    await eventually(
      'both to end',
      async () => (await states()).join() === 'hopeless failed,lucky completed',
    );
    expect(tries.filter((name) => name === 'hopeless')).toHaveLength(3);
    expect(lines.filter(({ msg }) => msg === 'a chore failed for the last time')).toMatchObject([
      { level: 'error', owner: 'anna' },
    ]);
    expect(lines.filter(({ msg }) => msg === 'a chore failed and will be tried again')).toHaveLength(2);
  },
);

story('the next try waits for the time that the kind says', async ({ start }) => {
  const triedAt: number[] = [];
  const { send } = await start(
    async () => {
      triedAt.push(Date.now());
      if (triedAt.length < 2) throw new Error('no luck');
    },
    { retry: { limit: 5, delaySeconds: 4 } },
  );
  await send({ owner: 'anna', name: 'late' });
  await eventually('the second try', () => triedAt.length === 2);
  expect(Number(triedAt[1]) - Number(triedAt[0])).toBeGreaterThan(4_000);
});

story(
  'a job whose payload is not of its kind never reaches the handler',
  async ({ database, log, start, states, onEnd }) => {
    const handed: unknown[] = [];
    const { send } = await start(async ({ payload }) => void handed.push(payload), {
      retry: { limit: 0, delaySeconds: 0 },
    });
    await send({ owner: 'anna', name: 'good' });
    await eventually('it to be done', () => handed.length === 1);
    const other: JobKind<{ strange: true }> = {
      ...chores,
      schema: z.object({ strange: z.literal(true) }),
      subject: () => ({}),
    };
    const queue = await startJobQueue(database.url, [other], log);
    onEnd(() => queue.stop(0));
    await queue.sendOncePer(other, 60, { strange: true });
    await eventually('it to fail', async () => (await states()).includes('null failed'));
    expect(handed).toEqual([{ owner: 'anna', name: 'good' }]);
  },
);

story(
  'a job whose process was killed is taken over when its lease has ended, not before',
  async ({ database, start, onEnd }) => {
    const program = spawn(process.execPath, ['test/support/chore-process.ts', database.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(program, 'exit');
    onEnd(async () => {
      program.kill('SIGKILL');
      await exited;
    });
    const taken: { name: string; at: number }[] = [];
    const here = await start(async ({ payload: { name } }) => void taken.push({ name, at: Date.now() }));
    // The process that fetches a job first has it, so there are enough jobs that the program gets one of them.
    let begun = '';
    program.stdout.on('data', (text: Buffer) => {
      begun ||= text.toString().trim();
    });
    let number = 0;
    await eventually('the program to have one', async () => {
      await here.send({ owner: 'anna', name: `chore ${number}` });
      number += 1;
      return begun !== '';
    });
    program.kill('SIGKILL');
    await exited;
    const killedAt = Date.now();
    const [name = ''] = begun.split('\n');
    const takeover = await eventually(
      'it to be taken over',
      () => taken.find((each) => each.name === name),
      30_000,
    );
    expect(takeover.at - killedAt).toBeGreaterThan(5_000);
    expect(takeover.at - killedAt).toBeLessThan(20_000);
  },
);

story(
  'an owner with many jobs has no more than its share of the places, and does not hold up another',
  async ({ start }) => {
    const held = Promise.withResolvers<void>();
    const begun: string[] = [];
    let most = 0;
    let busy = 0;
    const { send } = await start(
      async ({ payload: { owner } }) => {
        begun.push(owner);
        if (owner !== 'busy') return;
        busy += 1;
        most = Math.max(most, busy);
        await held.promise;
        busy -= 1;
      },
      { fairness: { key: ({ owner }) => owner, atOnce: 2 } },
    );
    await send(...Array.from({ length: 20 }, (_, number) => ({ owner: 'busy', name: `${number}` })));
    await eventually('it to have its share', () => busy === 2);
    await send({ owner: 'other', name: 'one' });
    await eventually('the other to be served', () => begun.includes('other'));
    expect(busy).toBe(2);
    held.resolve();
    await eventually('all to be done', () => begun.length === 21, 30_000);
    expect(most).toBe(2);
  },
);

story(
  'a schedule sends one job in each period, however many processes there are',
  async ({ database, start }) => {
    const done: string[] = [];
    const schedule = { everySeconds: 2, payload: { owner: 'none', name: 'scheduled' } };
    for (const process of ['one', 'two', 'three'])
      await start(async () => void done.push(process), { schedule });
    await eventually('four to be done', () => done.length >= 4, 30_000);
    const [row] = await database.query(
      `SELECT count(*)::int AS jobs, count(DISTINCT singleton_on)::int AS periods,
       extract(epoch FROM max(singleton_on) - min(singleton_on))::int AS seconds FROM pgboss.job`,
    );
    expect(row?.jobs).toBe(row?.periods);
    // None is left out in between.
    expect(row?.seconds).toBe((Number(row?.jobs) - 1) * 2);
  },
);

story(
  'a stop lets what must finish have its time, whatever other kinds there are',
  async ({ database, log, states, onEnd }) => {
    const queue = await startJobQueue(database.url, [chores, { name: 'others' }], log);
    onEnd(() => queue.stop(0));
    const call = Promise.withResolvers<void>();
    const told: string[] = [];
    const others = { ...chores, name: 'others' };
    queue.work(
      others,
      (_, signal) =>
        new Promise((resolve) => {
          told.push('other begun');
          signal.addEventListener('abort', () => resolve());
        }),
      4,
    );
    queue.work(
      chores,
      async ({ finish }) =>
        finish(async (hurried) => {
          told.push('begun');
          hurried.addEventListener('abort', () => call.reject(new Error('cut short')));
          await call.promise;
          told.push('finished');
        }),
      4,
    );
    await queue.sendOncePer(chores, 60, { owner: 'anna', name: 'paid' });
    await queue.sendOncePer(others, 60, { owner: 'anna', name: 'other' });
    await eventually('both to begin', () => told.length === 2);
    const stopped = queue.stop(0, 60_000);
    // Nothing of the other kind must finish: its hand-over is over.
    await eventually('the other to be given back', async () => (await states()).includes('other retry'));
    call.resolve();
    await stopped;
    expect(told.filter((each) => each !== 'other begun')).toEqual(['begun', 'finished']);
  },
);
