import { afterEach, expect, it } from '@jest/globals';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { startServerProcess } from '../support/server-process.ts';
import { openWire } from '../support/wire.ts';

let dramatis: Dramatis;
afterEach(() => dramatis.stop());

it('connections that go silent: readiness and the log say so, and all goes on with new ones', async () => {
  dramatis = await Dramatis.start({ servers: 0 });
  const wire = await openWire(dramatis.database.url);
  dramatis.onStop(() => wire.close());
  const server = await startServerProcess(dramatis, {
    DATABASE_URL: wire.url,
    DATABASE_TIMEOUT_MS: '5000',
  });
  dramatis.url = server.url;
  const { characterId } = await dramatis.cast();
  // A run is under way, and what is open is used.
  const before = await dramatis.generate(characterId, '[[simulate:slow=8]]');
  await Promise.all(Array.from({ length: 8 }, () => dramatis.ask('{ projects(first: 1) { nodes { id } } }')));
  const readiness = async () => {
    const response = await fetch(`${server.url}/readyz`);
    return { status: response.status, body: (await response.json()) as Record<string, string> };
  };
  expect(await readiness()).toMatchObject({ status: 200, body: { database: 'ok', jobs: 'ok' } });
  const logged = (msg: string) => server.log.filter((line) => line.msg === msg).length;

  wire.silence();
  const silentAt = performance.now();
  const asked = await dramatis.ask('{ projects(first: 1) { nodes { id } } }');
  expect(asked.errors?.[0]?.extensions.code ?? 'none').toMatch(/^(none|SERVICE_UNAVAILABLE)$/);
  await eventually('the fetching to be over it', () => logged('wake-ups are fetched again') > 0);
  const [after] = await Promise.all([
    eventually('a run to be accepted', () => dramatis.generate(characterId, 'after').catch(() => null)),
  ]);
  expect((await dramatis.settle(after)).status).toBe('COMPLETED');
  expect(performance.now() - silentAt).toBeLessThan(20_000);
  await eventually('readiness', async () => (await readiness()).status === 200);
  // Once for each change of state, not for each try.
  expect(logged('no wake-ups can be fetched')).toBe(1);
  expect((await dramatis.settle(before)).status).toBe('COMPLETED');
  expect(
    dramatis.simulator.requests.filter(({ method, path }) => method === 'POST' && path.startsWith('/v2/')),
  ).toHaveLength(2);
  expect(server.child.exitCode).toBeNull();
});
