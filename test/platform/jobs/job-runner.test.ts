import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { z } from 'zod';
import { createLogger } from '../../../src/logger.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { type JobHandler, type JobKind, newJobId } from '../../../src/platform/jobs/job.ts';
import { startJobQueue } from '../../../src/platform/jobs/job-queue.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import { awaitFetch } from '../../support/lock-waits.ts';
import { openWire } from '../../support/wire.ts';

/*
 * In all of these cases the process goes on, and its holder is fresh, so no other process takes its jobs over. A failed
 * statement of the queue must not leave a job with a process that does not work on it.
 */

type Payload = { owner: string };
const kind: JobKind<Payload> = {
  name: 'chores',
  schema: z.object({ owner: z.string() }),
  words: { one: 'a chore', many: 'chores' },
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

/** A queue with one job; the handler gets the number of the try. `begun` has the ids of all jobs that began. */
async function oneJob(handler: (tries: number) => Promise<void>, url = database.url) {
  const queue = await startJobQueue(url, [kind], createLogger('silent'));
  const id = newJobId();
  await db.$transaction((tx) => queue.send(tx, kind, { id, payload: { owner: randomUUID() } }));
  const begun = new Set<string>();
  let tries = 0;
  const handle: JobHandler<Payload> = async (job) => {
    begun.add(job.id);
    if (job.id !== id) return;
    tries += 1;
    await handler(tries);
  };
  const state = async () =>
    (await database.query('SELECT state::text AS state FROM pgboss.job WHERE id = $1', [id]))[0]?.state;
  return { queue, begun, state, tries: () => tries, work: () => queue.work(kind, handle, 10) };
}

/** Makes the database refuse each end of a try, and count the refusals, until `stop`. */
async function refuseEnds() {
  await database.query(`CREATE SEQUENCE refusals`);
  await database.query(`
    CREATE FUNCTION refuse_end() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM nextval('refusals'); RAISE EXCEPTION 'out of memory' USING ERRCODE = '53200'; END $$`);
  // pg-boss updates a job that is done, and replaces the row of a job that is tried again.
  await database.query(`
    CREATE TRIGGER refuse_end BEFORE UPDATE ON pgboss.job_common FOR EACH ROW
      WHEN (OLD.state = 'active' AND NEW.state <> 'active') EXECUTE FUNCTION refuse_end()`);
  await database.query(`
    CREATE TRIGGER refuse_removal BEFORE DELETE ON pgboss.job_common FOR EACH ROW
      WHEN (OLD.state = 'active') EXECUTE FUNCTION refuse_end()`);
  return {
    // A sequence keeps what a rolled back transaction drew.
    count: async () =>
      Number(
        (await database.query('SELECT last_value - (NOT is_called)::int AS count FROM refusals'))[0]?.count,
      ),
    async stop() {
      await database.query('DROP FUNCTION refuse_end CASCADE');
      await database.query('DROP SEQUENCE refusals');
    },
  };
}

it.each([
  ['a job that failed', 1, () => Promise.reject(new Error('The first try fails.'))],
  // Its completion is refused, and after that its failure.
  ['a job that was done', 2, () => Promise.resolve()],
])(
  '%s is tried again when the database has refused to end its try',
  async (_, refusals, first) => {
    const refusing = await refuseEnds();
    const { queue, begun, state, tries, work } = await oneJob((count) =>
      count === 1 ? first() : Promise.resolve(),
    );
    work();
    await eventually(
      'the ends to be refused',
      async () => (await refusing.count()) >= refusals && tries() === 1,
    );
    // What cannot be given back does not keep other jobs from their places.
    const other = newJobId();
    await db.$transaction((tx) => queue.send(tx, kind, { id: other, payload: { owner: randomUUID() } }));
    await eventually('another job to begin', () => begun.has(other));
    await refusing.stop();
    await eventually('the job to be done', async () => (await state()) === 'completed');
    expect(tries()).toBe(2);
    await queue.stop(0);
  },
  30_000,
);

it('a job whose fetch was committed after its connection broke is worked on by the same process', async () => {
  const wire = await openWire(database.url);
  const { queue, state, tries, work } = await oneJob(() => Promise.resolve(), wire.url);
  await db.$transaction(
    async (tx) => {
      await tx.$executeRaw`LOCK TABLE pgboss.job IN EXCLUSIVE MODE`;
      work();
      await awaitFetch((text) => database.query(text));
      wire.cut();
    },
    { timeout: 20_000 },
  );
  await eventually('the job to be done', async () => (await state()) === 'completed');
  expect(tries()).toBe(1);
  await queue.stop(0);
  await wire.close();
}, 40_000);
