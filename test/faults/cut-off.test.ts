import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../src/platform/reads/global-id.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { freePort } from '../support/free-port.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

/*
 * Two workers on one database. One of them cannot connect to the provider, and loses its connections, as long as a file is
 * there: its own network is broken, and says nothing about the provider.
 */
let dramatis: Dramatis;
let folder: string;
let breaking: string;
let broken: ServerProcess;
let characterId: string;

beforeAll(async () => {
  const port = await freePort();
  // A run takes a second, so that the connection can break while it is polled.
  const simulator = await startSimulator({ port, speed: 60 });
  folder = await mkdtemp(join(tmpdir(), 'dramatis-cut-off-'));
  breaking = join(folder, 'broken');
  const environment = { ROLE: 'api', SEGMIND_BASE_URL: `http://127.0.0.1:${port}` };
  dramatis = await Dramatis.start({ environment });
  dramatis.onStop(() => simulator.close());
  ({ characterId } = await dramatis.cast());
  const preloaded = `
    import net from 'node:net';
    import { existsSync } from 'node:fs';
    const { connect } = net;
    const connected = new Set();
    const reset = () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    const isBroken = () => existsSync(${JSON.stringify(breaking)});
    net.connect = (options, ...more) => {
      if (Number(options.port) !== ${port}) return connect(options, ...more);
      const socket = connect(isBroken() ? { ...options, port: 1 } : options, ...more);
      connected.add(socket.once('close', () => connected.delete(socket)));
      return socket;
    };
    setInterval(() => isBroken() && connected.forEach((socket) => socket.destroy(reset())), 10).unref();`;
  const module = `data:text/javascript,${encodeURIComponent(preloaded)}`;
  broken = await startServerProcess(dramatis, { ROLE: 'worker', NODE_OPTIONS: `--import=${module}` });
}, 60_000);
afterAll(async () => {
  await dramatis.stop();
  await rm(folder, { recursive: true, force: true });
});

const cannot = 'this process cannot reach the provider, and others can: it submits nothing';
const reaches = 'this process reaches the provider again';
const pauses = () => dramatis.database.query("SELECT FROM provider_pauses WHERE reason = 'UNAVAILABLE'");

const statusOf = async (id: string) =>
  (
    await dramatis.database.query('SELECT status FROM generations WHERE id = $1', [
      fromGlobalId('Generation', id),
    ])
  )[0]?.status;

it('a worker that cannot reach the provider holds up no other one, and says so once', async () => {
  const polled = await dramatis.generate(characterId);
  await eventually('the run to be polled', async () => (await statusOf(polled)) === 'PROCESSING');
  await writeFile(breaking, '');
  await dramatis.generate(characterId);
  await eventually('the pause of all', async () => (await pauses()).length > 0);

  const sound = await startServerProcess(dramatis, { ROLE: 'worker' });
  await eventually('it to know that it alone is cut off', () => broken.logged(cannot) > 0);
  expect(await dramatis.settle(polled)).toMatchObject({ status: 'COMPLETED' });
  await eventually('the pause to be over', async () => (await pauses()).length === 0);

  let paused = 0;
  const runs: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    const ids = await Promise.all(Array.from({ length: 6 }, () => dramatis.generate(characterId)));
    for (const id of ids) {
      expect(await dramatis.settle(id)).toMatchObject({ status: 'COMPLETED' });
      paused += (await pauses()).length;
    }
    runs.push(...ids);
  }
  expect(paused).toBe(0);
  expect([broken.logged(cannot), sound.logged(cannot)]).toEqual([1, 0]);
  expect(existsSync(breaking)).toBe(true);
  // It took none of them: a run that is put back has another wake-up.
  const wakeups = await dramatis.database.query(
    "SELECT FROM pgboss.job WHERE data->>'generationId' = ANY($1)",
    [runs.map((id) => fromGlobalId('Generation', id))],
  );
  expect(wakeups).toHaveLength(runs.length);

  await rm(breaking);
  await eventually('it to reach the provider', () => broken.logged(reaches) > 0);
  await dramatis.settle(await dramatis.generate(characterId));
  expect([broken.logged(cannot), broken.logged(reaches)]).toEqual([1, 1]);
}, 120_000);
