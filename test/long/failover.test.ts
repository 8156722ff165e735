import { afterEach, expect, it } from '@jest/globals';
import { booksSql } from '../../src/features/reconciliation/books.ts';
import { BehindReplica } from '../support/behind-replica.ts';
import { eventually } from '../support/eventually.ts';

/*
 * Databases that go back behind servers that go on, in more ways than the one that runs with every test.
 */
let behind: BehindReplica;
afterEach(() => behind.stop());

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `run ${index}`);

it.each(['v1', 'v2'])('failovers in the middle of a hundred submits over %s', async (transport) => {
  behind = await BehindReplica.start(['all', 'all', 'all'], { SEGMIND_TRANSPORT: transport });
  const { dramatis, postgres } = behind;
  let accepted = 0;
  for (const round of [1, 2, 3]) {
    await postgres.follow();
    await behind.queue(numbered(30).map((prompt) => `${prompt} of round ${round}`));
    accepted += 30;
    await postgres.caughtUp();
    postgres.lag();
    const before = dramatis.simulator.jobs.size;
    await behind.limit(100);
    await eventually('some to be submitted', () => dramatis.simulator.jobs.size > before + 10);
    await postgres.failOver();
    await behind.limit(100);
    await eventually('none to be under way', async () => {
      const { UNCERTAIN = 0, COMPLETED = 0 } = await behind.counts();
      return Number(UNCERTAIN) + Number(COMPLETED) === accepted;
    });
    expect(behind.submittedTwice).toEqual([]);
  }
  // What was not submitted before a failover is proved not to have been: it fails, and nothing was paid.
  dramatis.simulator.hasHistory = true;
  await eventually(
    'all to be settled',
    async () => {
      await dramatis.ask('mutation { reconcile(input: {}) { userErrors { code } } }');
      return (await behind.counts()).UNCERTAIN === undefined;
    },
    120_000,
  );
  const { COMPLETED, FAILED = 0 } = await behind.counts();
  expect(COMPLETED).toBe(dramatis.simulator.bill.length);
  expect(Number(COMPLETED) + Number(FAILED)).toBe(accepted);
  expect(behind.submittedTwice).toEqual([]);
  expect(await behind.query(booksSql)).toEqual([]);
});

it('a worker that sleeps between its commit and its POST, while a replica takes over that has not heard of either', async () => {
  behind = await BehindReplica.start(['api', 'worker', 'worker']);
  const { dramatis, postgres } = behind;
  const [, sleeper, other] = behind.servers;
  await behind.queue(['one']);
  await postgres.follow();
  postgres.lag();
  // The commit of an intent takes a second, in which its worker is stopped: the answer waits for it in its socket.
  await behind.query(`
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN IF NEW.status = 'SUBMITTING' THEN PERFORM pg_sleep(1); END IF; RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER dawdle AFTER UPDATE ON generations DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION dawdle()`);
  other?.signal('SIGSTOP');
  await behind.limit(1);
  await eventually('the intent to be on its way', async () => {
    const asleep = await behind.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    return asleep.length > 0;
  });
  sleeper?.signal('SIGSTOP');
  await eventually('the intent to be committed', async () => (await behind.counts()).SUBMITTING === 1);
  await postgres.failOver();
  expect(await behind.counts()).toEqual({ QUEUED: 1 });
  other?.signal('SIGCONT');
  await behind.limit(1);
  await eventually('the doubt', async () => (await behind.counts()).UNCERTAIN === 1);
  sleeper?.signal('SIGCONT');
  // It sends the run, or knows that it has slept too long; either way no other worker does.
  await behind.query('SELECT pg_sleep(3)');
  expect(dramatis.simulator.jobs.size).toBeLessThanOrEqual(1);
  dramatis.simulator.hasHistory = true;
  const paid = dramatis.simulator.jobs.size;
  await eventually(
    'the end',
    async () => {
      await dramatis.ask('mutation { reconcile(input: {}) { userErrors { code } } }');
      return (await behind.counts())[paid === 1 ? 'COMPLETED' : 'FAILED'] === 1;
    },
    60_000,
  );
  expect(dramatis.simulator.jobs.size).toBe(paid);
});

it('an older dump takes the place of the database: it is a copy, and every server goes on with it', async () => {
  behind = await BehindReplica.start(['all', 'all', 'all']);
  const { dramatis, postgres } = behind;
  const maintenance = postgres.url.replace(/\/dramatis$/, '/postgres');
  const admin = (text: string) => behind.query(text, maintenance);
  const endSessions = (database: string) =>
    admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`);
  /** What needs the database to be without sessions, which come back at once. */
  const alone = (text: string) =>
    eventually(text, async () => {
      await endSessions('dramatis');
      return admin(text).then(
        () => true,
        () => false,
      );
    });
  await behind.queue(numbered(10));
  await alone('CREATE DATABASE older TEMPLATE dramatis');
  await behind.limit(20);
  await eventually('all to be paid', async () => (await behind.counts()).COMPLETED === 10);
  await alone('ALTER DATABASE dramatis RENAME TO newer');
  await alone('ALTER DATABASE older RENAME TO dramatis');
  await behind.limit(20);
  await eventually('all to be in doubt', async () => (await behind.counts()).UNCERTAIN === 10);
  expect(behind.log.map(({ reason }) => reason)).toContain('it is a copy');
  const later = await Promise.all(
    numbered(12).map((prompt) => dramatis.generate(behind.characterId, `later ${prompt}`)),
  );
  for (const id of later) expect(await dramatis.settle(id)).toMatchObject({ status: 'COMPLETED' });
  await behind.settle(22);
  expect(behind.submittedTwice).toEqual([]);
  expect(behind.servers.map(({ child }) => child.exitCode)).toEqual([null, null, null]);
});
