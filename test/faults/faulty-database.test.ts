import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { delay } from '../support/delay.ts';
import { eventually, generateMutation } from '../support/dramatis.ts';
import { type ServerOnFaultyDatabase, startOnFaultyDatabase } from '../support/faulty-database.ts';
import { freeze } from '../support/freeze.ts';
import { expectRecovery, readiness, standStill, untilReadiness } from '../support/outage.ts';

let stage: ServerOnFaultyDatabase;
let admin: pg.Client;
beforeAll(async () => {
  // What takes half a minute by default takes five seconds here.
  stage = await startOnFaultyDatabase({ DATABASE_TIMEOUT_MS: '2500' });
  admin = new pg.Client({ connectionString: stage.postgres.url });
  admin.on('error', () => undefined);
  await admin.connect();
  await admin.query('SET default_transaction_read_only = off');
});
afterAll(async () => {
  await admin.end();
  await stage.stop();
});

const terminate = (share: number) =>
  admin.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'dramatis%' AND random() < $1",
    [share],
  );

it('backends that are terminated at any moment never end the process; every answer is good, or SERVICE_UNAVAILABLE', async () => {
  const { outside, server } = stage;
  const endsAt = performance.now() + 5_000;
  const codes = new Set<string>();
  const asking = Array.from({ length: 2 }, async () => {
    while (performance.now() < endsAt) for (const { code } of await outside.askAll()) codes.add(code);
  });
  while (performance.now() < endsAt) {
    await terminate(1);
    await delay(60 + Math.random() * 240);
  }
  await Promise.all(asking);
  expect([...codes].sort()).toEqual(['SERVICE_UNAVAILABLE', 'none']);
  await expectRecovery(server, outside);
});

it('a Postgres that stops: not ready, each caller gets an error in time, nothing is submitted; then all goes on', async () => {
  const { directory, outside, server } = stage;
  await standStill({ server, outside, directory, toldWithinMs: 6_000, lastsMs: 3_000 });
});

it('a burst for one project on a Postgres that stands still: the last is told with the first', async () => {
  const { directory, dramatis, outside, server } = stage;
  // They have passed all reads, and wait for the project.
  await admin.query('BEGIN');
  await admin.query('SELECT FROM projects FOR UPDATE');
  let thaw = () => {};
  try {
    const startedAt = performance.now();
    const asked = Promise.all(
      Array.from({ length: 300 }, async () => {
        const input = {
          characterId: outside.characterId,
          model: { consistentCharacter: { prompt: 'burst' } },
        };
        const { errors } = await dramatis.ask(generateMutation, { input });
        return errors?.[0]?.extensions.code;
      }),
    );
    await delay(1_000);
    thaw = freeze(directory);
    expect(new Set(await asked)).toEqual(new Set(['SERVICE_UNAVAILABLE']));
    expect(performance.now() - startedAt).toBeLessThan(6_000);
  } finally {
    thaw();
    await admin.query('ROLLBACK');
  }
  await expectRecovery(server, outside);
});

it('connections that go silent: readiness and the log say so, and all goes on with new ones', async () => {
  const { outside, server, wire } = stage;
  await outside.askAll();
  wire.silence();
  const silentAt = performance.now();
  const told = await outside.askAll();
  expect(told.filter(({ code }) => code !== 'SERVICE_UNAVAILABLE' && code !== 'none')).toEqual([]);
  // The renewal of the leases may have found the silence before a fetch did: then no fetch fails.
  await eventually(
    'wake-ups to be fetched again',
    () => server.logged('wake-ups are fetched again') === server.logged('no wake-ups can be fetched'),
  );
  await expectRecovery(server, outside);
  expect(performance.now() - silentAt).toBeLessThan(15_000);
});

it.each([
  [
    'for all sessions',
    'ALTER SYSTEM SET default_transaction_read_only = on',
    'ALTER SYSTEM RESET default_transaction_read_only',
  ],
  [
    'for new sessions',
    'ALTER DATABASE dramatis SET default_transaction_read_only = on',
    'ALTER DATABASE dramatis RESET default_transaction_read_only',
  ],
])(
  'a database that takes no writes, %s, is an outage; all goes on by itself when that ends',
  async (whose, on, off) => {
    const { outside, server } = stage;
    const unexpected = server.logged('unexpected error');
    await admin.query(on);
    await admin.query('SELECT pg_reload_conf()');
    // Some connections of before are left.
    await terminate(0.5);
    expect(await untilReadiness(server.url, 503, 10_000)).toBeLessThan(5_000);
    expect((await readiness(server.url)).body.database).toBe('is read-only');
    const submitted = outside.submits();
    const told = await outside.askAll();
    expect(told.filter(({ code }) => code !== 'SERVICE_UNAVAILABLE' && code !== 'none')).toEqual([]);
    if (whose === 'for all sessions') {
      expect(told.filter(({ what, code }) => code === 'none' && !what.startsWith('query'))).toEqual([]);
      expect(outside.submits()).toBe(submitted);
    }
    await admin.query(off);
    await admin.query('SELECT pg_reload_conf()');
    await expectRecovery(server, outside);
    expect(server.logged('unexpected error')).toBe(unexpected);
  },
);
