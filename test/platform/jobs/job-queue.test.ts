import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createLogger } from '../../../src/logger.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { newWakeupId, startJobQueue } from '../../../src/platform/jobs/job-queue.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

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

const countWaiting = async () =>
  Number(
    (
      await database.query(
        `SELECT count(*) AS waiting FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'dramatis-jobs' AND wait_event_type = 'Lock'
           AND query ILIKE '%SKIP LOCKED%'`,
      )
    )[0]?.waiting,
  );

it('a wake-up that is fetched while the queue stops is given back at once', async () => {
  const queue = await startJobQueue(database.url, createLogger('silent'));
  const id = newWakeupId();
  await db.$transaction((tx) => queue.send(tx, { id, generationId: randomUUID() }));
  const handed: boolean[] = [];
  // The fetch is on its way for as long as the table is held.
  const stopped = await db.$transaction(async (tx) => {
    await tx.$executeRaw`LOCK TABLE pgboss.job IN EXCLUSIVE MODE`;
    queue.work(async (_, signal) => void handed.push(signal.aborted), 10);
    while ((await countWaiting()) === 0) await sleep(20);
    return [queue.stop(5_000)];
  });
  await Promise.all(stopped);
  expect(handed).toEqual([true]);
  expect(await database.query('SELECT state::text AS state FROM pgboss.job WHERE id = $1', [id])).toEqual([
    { state: 'retry' },
  ]);
}, 20_000);

it('a lease that was lost and came back to the same process is that of the one who works on it', async () => {
  const queue = await startJobQueue(database.url, createLogger('silent'));
  const id = newWakeupId();
  await db.$transaction((tx) => queue.send(tx, { id, generationId: randomUUID() }));
  const done = Promise.withResolvers<void>();
  let handed = 0;
  const isFresh: boolean[] = [];
  queue.work(async (wakeup) => {
    if (wakeup.id !== id) return;
    handed += 1;
    isFresh.push(wakeup.isLeaseFresh());
    await done.promise;
    isFresh.push(wakeup.isLeaseFresh());
  }, 10);
  const job = async () => {
    const [row] = await database.query(
      `SELECT state::text AS state, retry_count AS claims, heartbeat_on > now() - interval '2 seconds' AS "isTouched"
       FROM pgboss.job WHERE id = $1`,
      [id],
    );
    return row;
  };
  while (handed === 0) await sleep(20);
  // As after an outage of the database: nobody has heard of us for long.
  while ((await job())?.claims === 0) {
    await database.query("UPDATE pgboss.job SET heartbeat_on = now() - interval '1 hour' WHERE id = $1", [
      id,
    ]);
    await sleep(100);
  }
  while ((await job())?.state !== 'active') await sleep(20);
  await sleep(2_200);
  while (!(await job())?.isTouched) await sleep(20);
  expect(handed).toBe(1);
  done.resolve();
  while ((await job())?.state === 'active') await sleep(20);
  expect(await job()).toMatchObject({ state: 'completed', claims: 1 });
  // Another process may have had it in between: nothing paid is begun on it.
  expect(isFresh).toEqual([true, false]);
  await queue.stop(0);
}, 20_000);
