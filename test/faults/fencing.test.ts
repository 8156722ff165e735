import { afterEach, expect, it } from '@jest/globals';
import { PgBoss } from 'pg-boss';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { startServerProcess } from '../support/server-process.ts';

let dramatis: Dramatis;
afterEach(() => dramatis.stop());

const submits = () =>
  dramatis.simulator.requests.filter(({ method, path }) => method === 'POST' && path.startsWith('/v2/'))
    .length;
const worker = () => startServerProcess(dramatis, { ROLE: 'worker' });

it('a worker that sleeps between its intent and the POST does not send it on waking: the run has gone on', async () => {
  dramatis = await Dramatis.start({ environment: { ROLE: 'api' } });
  const { characterId } = await dramatis.cast();
  // The intent's COMMIT takes a second, during which its worker is stopped: it wakes with the POST still to send.
  await dramatis.database.query(`
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN IF NEW.status = 'SUBMITTING' THEN PERFORM pg_sleep(1); END IF; RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER dawdle AFTER UPDATE ON generations DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION dawdle()`);
  const sleeper = await worker();
  const id = await dramatis.generate(characterId);
  await eventually('the intent to be on its way', async () => {
    const asleep = await dramatis.database.query(
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'",
    );
    return asleep.length > 0;
  });
  sleeper.signal('SIGSTOP');
  const statuses = async () =>
    (
      await dramatis.database.query(
        "SELECT progress->>'status' AS status FROM project_events WHERE progress IS NOT NULL ORDER BY sequence",
      )
    ).map(({ status }) => status);
  await eventually('the intent to be written', async () => (await statuses()).includes('SUBMITTING'));
  await dramatis.database.query('DROP TRIGGER dawdle ON generations');
  await worker();
  expect(await dramatis.settle(id)).toMatchObject({ status: 'UNCERTAIN' });
  expect(submits()).toBe(0);
  sleeper.signal('SIGCONT');
  await eventually('the run to end', async () => (await dramatis.settle(id)).status === 'COMPLETED');
  // The worker knows that it sent nothing, so the worker that has the lease may submit the run now.
  expect((await statuses()).slice(0, 5)).toEqual([
    'QUEUED',
    'SUBMITTING',
    'UNCERTAIN',
    'QUEUED',
    'SUBMITTING',
  ]);
  expect(submits()).toBe(1);
});

it('a wake-up that the run does not name does nothing to it', async () => {
  dramatis = await Dramatis.start({ environment: { SEGMIND_SUBMIT_TIMEOUT_MS: '4000' } });
  const { characterId } = await dramatis.cast();
  const generationId = await dramatis.generate(characterId, '[[simulate:accept-then-hang]]');
  await eventually('the submit', () => submits() === 1);
  const [run] = await dramatis.database.query('SELECT id::text AS id FROM generations');
  const stray = new PgBoss({ connectionString: dramatis.database.url, supervise: false, schedule: false });
  await stray.start();
  const jobId = await stray.send('advance-generation', { generationId: run?.id });
  await eventually('the stray job to be worked off', async () => {
    const [job] = await dramatis.database.query('SELECT state FROM pgboss.job WHERE id = $1', [jobId]);
    return job?.state === 'completed';
  });
  await stray.stop({ graceful: false });
  const { generation } = await dramatis.get('query ($id: ID!) { generation(id: $id) { status } }', {
    id: generationId,
  });
  expect(generation.status).toBe('SUBMITTING');
  expect(await dramatis.settle(generationId)).toMatchObject({ status: 'UNCERTAIN' });
});
