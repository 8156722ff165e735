import { request } from 'node:http';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { delay } from '../support/delay.ts';
import { adminKey, Dramatis, eventually } from '../support/dramatis.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

let dramatis: Dramatis;
let characterId: string;
/** Answers clients in this process; workers are processes of their own. A synchronous call takes about four seconds. */
beforeEach(async () => {
  dramatis = await Dramatis.start({ simulator: { speed: 15 }, environment: { ROLE: 'api' } });
  ({ characterId } = await dramatis.cast());
});
afterEach(() => dramatis.stop());

const worker = (more: Record<string, string> = {}) =>
  startServerProcess(dramatis, { ROLE: 'worker', SHUTDOWN_GRACE_MS: '1000', ...more });
const submits = (version: string) =>
  dramatis.simulator.requests.filter(
    ({ method, path }) => method === 'POST' && path.startsWith(`/${version}/consistent`),
  );
const ask = (count: number, prompt: string) =>
  Promise.all(Array.from({ length: count }, () => dramatis.generate(characterId, prompt)));
async function statuses(): Promise<Record<string, number>> {
  const rows = await dramatis.database.query(
    'SELECT status::text AS status, count(*)::int AS count FROM generations GROUP BY 1',
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}
const hasEnded = ({ child }: ServerProcess) => child.exitCode !== null || child.signalCode !== null;

it('SIGTERM waits for paid calls, and gives back all else within its grace', async () => {
  const first = await worker();
  // These fall back to the synchronous API; the others are polled.
  const blocked = await ask(5, '[[simulate:route-refused]]');
  const polled = await ask(3, '[[simulate:slow=2]]');
  await eventually('all to be taken', () => submits('v1').length === 5 && submits('v2').length === 8);
  await eventually('the others to be submitted', async () => {
    const { SUBMITTED = 0, PROCESSING = 0 } = await statuses();
    return SUBMITTED + PROCESSING === 3;
  });
  first.signal('SIGTERM');
  const later = await ask(2, 'asked for later');
  const free = `SELECT count(*)::int AS count FROM pgboss.job j JOIN generations g ON g.wakeup_id = j.id
    WHERE g.status IN ('SUBMITTED', 'PROCESSING') AND j.state = 'retry'`;
  await eventually('the polled ones to be free', async () => {
    const [row] = await dramatis.database.query(free);
    return row?.count === 3;
  });
  // The paid calls are still under way.
  expect(hasEnded(first)).toBe(false);
  expect(await statuses()).toMatchObject({ SUBMITTING: 5 });
  expect(await first.exited).toBe(0);
  expect(await statuses()).toMatchObject({ STORING: 5, QUEUED: 2 });
  expect(submits('v2')).toHaveLength(8);

  await worker();
  const ended = await Promise.all([...blocked, ...polled, ...later].map((id) => dramatis.settle(id)));
  expect(ended.map(({ status }) => status)).toEqual(ended.map(() => 'COMPLETED'));
  expect(dramatis.simulator.bill).toHaveLength(10);
});

it('a process that still answers a request begins nothing new', async () => {
  const first = await worker({ ROLE: 'all', SHUTDOWN_GRACE_MS: '20000' });
  const upload = request(`${first.url}/images?projectId=x`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-length': '1', expect: '100-continue' },
  });
  const taken = new Promise<void>((resolve) => upload.on('continue', resolve));
  const answered = new Promise((resolve) =>
    upload.on('response', (answer) => resolve(answer.resume().statusCode)),
  );
  upload.flushHeaders();
  await taken;
  first.signal('SIGTERM');
  await eventually('the signal to be heard', () => first.log.some(({ msg }) => msg === 'stopping'));
  await ask(1, 'asked for too late');
  const askedAt = performance.now();
  await eventually('the time in which a worker takes it', () => performance.now() - askedAt > 1_500);
  expect([submits('v2').length, hasEnded(first)]).toEqual([0, false]);
  upload.end('x');
  expect(await answered).toBe(404);
  expect(await first.exited).toBe(0);
  expect(await statuses()).toEqual({ QUEUED: 1 });
});

it('a second signal waits no longer: what was under way is written down as UNCERTAIN', async () => {
  const first = await worker({ SEGMIND_TRANSPORT: 'v1' });
  await ask(5, '[[simulate:slow=20]]');
  await eventually('all to be taken', () => submits('v1').length === 5);
  const stoppedAt = performance.now();
  first.signal('SIGTERM');
  // What a terminal and npm both pass on is one wish.
  first.signal('SIGINT');
  await eventually('the first signal to be heard', () => first.log.some(({ msg }) => msg === 'stopping'));
  await eventually('time to pass', () => performance.now() - stoppedAt > 2_000);
  expect(hasEnded(first)).toBe(false);
  expect(await statuses()).toEqual({ SUBMITTING: 5 });
  first.signal('SIGTERM');
  expect(await first.exited).toBe(0);
  expect(performance.now() - stoppedAt).toBeLessThan(10_000);
  expect(await statuses()).toEqual({ UNCERTAIN: 5 });
  const over = 'SELECT count(*)::int AS count FROM generations WHERE is_attempt_over';
  expect(await dramatis.database.query(over)).toEqual([{ count: 5 }]);
});

it.each([
  ['v2', { requestId: expect.stringMatching(/^[0-9a-f]{32}$/) }],
  ['v1', { outputs: [{ index: 0, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }] }],
])('an answer over %s that no database takes before the end is in the log', async (transport, told) => {
  const first = await worker({ SEGMIND_TRANSPORT: transport });
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  dramatis.simulator.onRequest = ({ method, path }) =>
    method === 'POST' && path.startsWith(`/${transport}/consistent`) ? released : undefined;
  await ask(1, 'never written down');
  await eventually('it to be taken', () => submits(transport).length === 1);
  const [row] = await dramatis.database.query('SELECT id FROM generations');
  const name = new URL(dramatis.database.url).pathname.slice(1);
  await dramatis.database.query(`ALTER DATABASE "${name}" SET default_transaction_read_only = on`);
  await dramatis.database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`);
  release();
  await eventually('the answer', () => dramatis.simulator.bill.length === 1 || transport === 'v2');
  // It is tried more than once to write the answer down.
  await delay(1_000);
  first.signal('SIGTERM');
  await eventually('the first signal to be heard', () => first.log.some(({ msg }) => msg === 'stopping'));
  // What comes within a second is the same wish.
  await delay(1_500);
  first.signal('SIGTERM');
  await first.exited;
  expect(first.log.filter(({ msg }) => msg === "the provider's answer could not be written down")).toEqual([
    expect.objectContaining({ level: 'error', generationId: row?.id, ...told }),
  ]);
  await dramatis.database
    .query(
      `SET default_transaction_read_only = off; ALTER DATABASE "${name}" RESET default_transaction_read_only`,
    )
    .catch(() => undefined);
});
