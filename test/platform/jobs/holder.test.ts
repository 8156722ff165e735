import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { createLogger } from '../../../src/logger.ts';
import { openPool } from '../../../src/platform/db/connections/open.ts';
import { type Holding, startHolding } from '../../../src/platform/jobs/holder.ts';
import type { Claim } from '../../../src/platform/jobs/job.ts';
import { createHoldingOutage } from '../../../src/platform/jobs/outages.ts';
import { prepareJobQueue } from '../../../src/platform/jobs/queue-tables.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';

let database: TestDatabase;
let pool: ReturnType<typeof openPool>;
let holding: Holding;
let givenBack: string[];
beforeAll(async () => {
  database = await createTestDatabase();
  await prepareJobQueue(database.url);
  await database.query('SELECT pgboss.create_queue(\'chores\', \'{"policy":"standard"}\'::jsonb)');
  pool = openPool(database.url, 'leases');
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});
beforeEach(() => {
  givenBack = [];
  holding = startHolding(
    pool,
    async (_, claims: readonly Claim[]) => {
      const ids = claims.map(({ id }) => id);
      givenBack.push(...ids);
      await database.query("UPDATE pgboss.job SET state = 'retry' WHERE id = ANY($1::uuid[])", [ids]);
    },
    createHoldingOutage(createLogger('silent')),
  );
});
afterEach(async () => {
  await holding.end();
  await database.query('DELETE FROM job_holders');
  await database.query('DELETE FROM pgboss.job');
});

/** A job that is worked on. Without a holder it is that of an older build. */
async function activeJob(holder: string | null): Promise<string> {
  const id = randomUUID();
  await database.query(
    `INSERT INTO pgboss.job (id, name, state, started_on, heartbeat_on, heartbeat_seconds, output)
     VALUES ($1, 'chores', 'active', now(), now(), 10, $2::jsonb)`,
    [id, holder && JSON.stringify({ holder })],
  );
  return id;
}

async function addHolder(secondsAgo: number): Promise<string> {
  const id = randomUUID();
  await database.query(
    `INSERT INTO job_holders (id, seen_at) VALUES ($1, now() - $2::int * interval '1 second')`,
    [id, secondsAgo],
  );
  return id;
}

it('the jobs of a holder that was not renewed are given back, those of the others are not', async () => {
  const mine = await holding.current();
  const dead = await addHolder(60);
  const [lost, own, living, older] = [
    await activeJob(dead),
    await activeJob(mine.id),
    await activeJob(await addHolder(-3_600)),
    await activeJob(null),
  ];
  await eventually('the lost one to be given back', () => givenBack.length > 0);
  expect(givenBack).toEqual([lost]);
  expect([own, living, older]).not.toContain(givenBack[0]);
  // A late renewal of that process finds the mark, or no row.
  const late = 'UPDATE job_holders SET seen_at = now() WHERE id = $1 AND NOT is_over RETURNING id';
  expect(await database.query(late, [dead])).toEqual([]);
}, 20_000);

it('a process whose row is marked has lost all leases, and goes on with a new row', async () => {
  const first = await holding.current();
  expect(first.isFresh()).toBe(true);
  const taken = await activeJob(first.id);
  await database.query('UPDATE job_holders SET is_over = true WHERE id = $1', [first.id]);
  await eventually('it to be found', () => !first.isFresh());
  const next = await holding.current();
  expect([next.id === first.id, next.isFresh()]).toEqual([false, true]);
  await eventually('its job to be given back', () => givenBack.includes(taken));
}, 20_000);

it('a process whose row is gone gives back the jobs of holders that the database does not know', async () => {
  const first = await holding.current();
  const orphan = await activeJob(randomUUID());
  await database.query('DELETE FROM job_holders');
  await eventually('it to be given back', () => givenBack.includes(orphan));
  expect(first.isFresh()).toBe(false);
}, 20_000);

it('a process that ends marks its row, so that its next start need not wait', async () => {
  const { id } = await holding.current();
  await holding.end();
  expect(await database.query('SELECT is_over AS over FROM job_holders WHERE id = $1', [id])).toEqual([
    { over: true },
  ]);
});
