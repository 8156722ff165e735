import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { z } from 'zod';
import { createLogger } from '../../../src/logger.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { type JobKind, newJobId } from '../../../src/platform/jobs/job.ts';
import { startJobQueue } from '../../../src/platform/jobs/job-queue.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import { awaitFetch } from '../../support/lock-waits.ts';

const kind: JobKind<{ owner: string }> = {
  name: 'chores',
  schema: z.object({ owner: z.string() }),
  words: { one: 'a chore', many: 'chores' },
  subject: ({ owner }) => ({ owner }),
  hasUrgent: true,
};
let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  db = connectDatabase(database.url, { maxConnections: 4 });
});
afterAll(async () => {
  await db.$disconnect();
  await database.drop();
});

it('a job that is fetched while the queue stops is given back at once', async () => {
  const queue = await startJobQueue(database.url, [kind], createLogger('silent'));
  const id = newJobId();
  await db.$transaction((tx) => queue.send(tx, kind, { id, payload: { owner: randomUUID() } }));
  const handed: string[] = [];
  // The fetch is on its way for as long as the table is held.
  const stopped = await db.$transaction(async (tx) => {
    await tx.$executeRaw`LOCK TABLE pgboss.job IN EXCLUSIVE MODE`;
    queue.work(kind, async (job) => void handed.push(job.id), 10);
    await awaitFetch((text) => database.query(text));
    return [queue.stop(5_000)];
  });
  await Promise.all(stopped);
  expect(handed).toEqual([]);
  expect(await database.query('SELECT state::text AS state FROM pgboss.job WHERE id = $1', [id])).toEqual([
    { state: 'retry' },
  ]);
}, 20_000);

it('a lease that was lost and came back to the same process is that of the one who works on it', async () => {
  const queue = await startJobQueue(database.url, [kind], createLogger('silent'));
  const id = newJobId();
  await db.$transaction((tx) => queue.send(tx, kind, { id, payload: { owner: randomUUID() } }));
  const done = Promise.withResolvers<void>();
  let handed = 0;
  const isFresh: boolean[] = [];
  queue.work(
    kind,
    async (job) => {
      if (job.id !== id) return;
      handed += 1;
      isFresh.push(job.isLeaseFresh());
      await done.promise;
      isFresh.push(job.isLeaseFresh());
    },
    10,
  );
  const job = async () => {
    const [row] = await database.query(
      `SELECT state::text AS state, retry_count AS claims, output->>'holder' AS holder FROM pgboss.job WHERE id = $1`,
      [id],
    );
    return row;
  };
  await eventually('it to be handed to the worker', () => handed > 0);
  const before = await job();
  // As after an outage of the database: another process has found that this one did not renew its row.
  await database.query('UPDATE job_holders SET is_over = true');
  const again = await eventually('it to be fetched again', async () => {
    const row = await job();
    return row?.state === 'active' && row.claims === 1 ? row : null;
  });
  expect(again.holder).not.toBe(before?.holder);
  expect(handed).toBe(1);
  done.resolve();
  await eventually('its end', async () => (await job())?.state !== 'active');
  expect(await job()).toMatchObject({ state: 'completed', claims: 1 });
  // Another process may have had it in between: nothing paid is begun on it.
  expect(isFresh).toEqual([true, false]);
  await queue.stop(0);
}, 20_000);

/** A queue at work on two jobs: one that must finish, and one that hands over when it is asked to. */
async function twoAtWork() {
  const queue = await startJobQueue(database.url, [kind], createLogger('silent'));
  const [paid, other] = [newJobId(), newJobId()];
  await db.$transaction((tx) =>
    queue.send(tx, kind, ...[paid, other].map((id) => ({ id, payload: { owner: 'a person' } }))),
  );
  const call = Promise.withResolvers<void>();
  const begun = new Set<string>();
  const told: string[] = [];
  queue.work(
    kind,
    async ({ id, finish }, signal) => {
      begun.add(id);
      if (id === other) return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
      if (id === paid)
        await finish(async (hurried) => {
          const cut = new Promise<void>((resolve) => hurried.addEventListener('abort', () => resolve()));
          await Promise.race([call.promise, cut]);
          told.push(hurried.aborted ? 'cut short' : 'finished');
        });
    },
    10,
  );
  await eventually('both to begin', () => begun.has(paid) && begun.has(other));
  const stateOf = async (id: string) =>
    (await database.query('SELECT state::text AS state FROM pgboss.job WHERE id = $1', [id]))[0]?.state;
  return { queue, call, told, begun, paid: () => stateOf(paid), other: () => stateOf(other) };
}

it('a stop waits for what must finish, and gives back the rest meanwhile', async () => {
  const { queue, call, told, paid, other } = await twoAtWork();
  const stopped = queue.stop(100, 60_000);
  await eventually('the other to be given back', async () => (await other()) === 'retry');
  expect([await paid(), told]).toEqual(['active', []]);
  call.resolve();
  await stopped;
  expect([await paid(), told]).toEqual(['retry', ['finished']]);
});

it('what must finish is cut short at the limit, and has the time to say so', async () => {
  const { queue, told, paid } = await twoAtWork();
  await queue.stop(0, 300);
  expect([await paid(), told]).toEqual(['retry', ['cut short']]);
});

it('what must finish is cut short by `hurry`', async () => {
  const { queue, told, paid } = await twoAtWork();
  const stopped = queue.stop(0, 60_000);
  queue.hurry();
  await stopped;
  expect([await paid(), told]).toEqual(['retry', ['cut short']]);
});

it('a queue that hands over begins nothing new, and takes jobs for others', async () => {
  const { queue, call, begun, other } = await twoAtWork();
  void queue.handOver(1_000);
  const id = newJobId();
  await db.$transaction((tx) => queue.send(tx, kind, { id, payload: { owner: randomUUID() } }));
  call.resolve();
  await queue.stop(1_000);
  // A fetch that was under way may have had it, and gave it back.
  const [job] = await database.query('SELECT state::text AS state FROM pgboss.job WHERE id = $1', [id]);
  expect(['created', 'retry']).toContain(job?.state);
  expect(begun).not.toContain(id);
  expect(await other()).toBe('retry');
});

it('a fault is told once for each owner, not at each try, and anew when a job has succeeded in between', async () => {
  const lines: { level: string; msg: string; owner: string }[] = [];
  const log = createLogger('debug', { write: (line) => void lines.push(JSON.parse(line)) });
  const queue = await startJobQueue(database.url, [kind], log);
  const [failing, other] = [randomUUID(), randomUUID()];
  const send = (owner: string) => db.$transaction((tx) => queue.send(tx, kind, { payload: { owner } }));
  const tries = new Map<string, number>();
  queue.work(
    kind,
    async ({ payload: { owner } }) => {
      const count = (tries.get(owner) ?? 0) + 1;
      tries.set(owner, count);
      if (count !== 4) throw new Error(count === 3 ? 'another fault' : 'a fault of ours');
    },
    10,
  );
  const told = (id: string) =>
    lines
      .filter(({ msg, owner }) => msg.startsWith('a chore failed') && owner === id)
      .map(({ level }) => level);
  await Promise.all([send(failing), send(other)]);
  await eventually('both to work', () => tries.get(failing) === 4 && tries.get(other) === 4);
  for (const id of [failing, other]) expect(told(id)).toEqual(['warn', 'debug', 'warn']);
  await eventually('both to have succeeded', async () => {
    const done = "SELECT 1 FROM pgboss.job WHERE data->>'owner' = ANY($1) AND state = 'completed'";
    return (await database.query(done, [[failing, other]])).length === 2;
  });
  await send(failing);
  await eventually('it to fail once more', () => told(failing).length === 4);
  expect(told(failing).at(-1)).toBe('warn');
  await queue.stop(1_000);
}, 30_000);
