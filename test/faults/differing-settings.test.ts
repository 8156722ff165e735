import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Dramatis } from '../support/dramatis.ts';
import { freePort } from '../support/free-port.ts';
import { startServerProcess } from '../support/server-process.ts';

let dramatis: Dramatis;
beforeEach(async () => {
  dramatis = await Dramatis.start({ servers: 0 });
});
afterEach(() => dramatis.stop());

const start = (environment: Record<string, string> = {}) => startServerProcess(dramatis, environment);
const differs = (server: Awaited<ReturnType<typeof start>>) =>
  server.log.filter(({ msg, level }) => String(msg).startsWith('Settings differ') && level === 'warn');

it('a start whose settings about money differ from those of a connected process says so', async () => {
  const first = await start({ SEGMIND_RETENTION_MS: '3600000' });
  expect(differs(first)).toEqual([]);
  const second = await start({ SEGMIND_RETENTION_MS: '60000', SEGMIND_FAILED_RUNS: 'charged' });
  expect(differs(second)).toMatchObject([
    {
      SEGMIND_RETENTION_MS: { lastStart: 3_600_000, thisProcess: 60_000 },
      SEGMIND_FAILED_RUNS: { lastStart: 'free', thisProcess: 'charged' },
    },
  ]);
  expect(differs(second)[0]).not.toHaveProperty('SEGMIND_SUBMIT_TIMEOUT_MS');
  // The same as the last start, then one that is alone.
  expect(differs(await start({ SEGMIND_RETENTION_MS: '60000', SEGMIND_FAILED_RUNS: 'charged' }))).toEqual([]);
}, 30_000);

it('a process that is alone may change them without a warning', async () => {
  const first = await start();
  first.signal('SIGTERM');
  expect(await first.exited).toBe(0);
  const second = await start({ SEGMIND_RETENTION_MS: '60000' });
  expect(differs(second)).toEqual([]);
  expect(second.logged('Settings that all processes on a database must share have changed.')).toBe(1);
}, 30_000);

it('an address that a process signs is good at one with another PUBLIC_URL', async () => {
  const ports = [await freePort(), await freePort()];
  const servers = ports.map((port) => `http://127.0.0.1:${port}`);
  await start({ PUBLIC_URL: 'https://one.test', PORT: String(ports[0]) });
  await start({ PUBLIC_URL: 'https://other.test/below', PORT: String(ports[1]) });
  dramatis.url = servers[0] ?? '';
  const { characterId } = await dramatis.cast();
  const { character } = await dramatis.get(
    'query ($id: ID!) { character(id: $id) { referenceImages { image { url } } } }',
    { id: characterId },
  );
  const url = new URL(character.referenceImages[0].image.url);
  expect(url.origin).toBe('https://one.test');
  for (const server of servers)
    expect((await fetch(`${server}${url.pathname}${url.search}`)).status).toBe(200);
}, 30_000);
