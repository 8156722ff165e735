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
