import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { freePort } from '../support/free-port.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

/*
 * Two workers on one database. The connections of one of them to the provider are refused as long as a file is there: its
 * own network is broken, and says nothing about the provider.
 */
let dramatis: Dramatis;
let folder: string;
let breaking: string;
let sound: ServerProcess;
let broken: ServerProcess;
let characterId: string;

beforeAll(async () => {
  const port = await freePort();
  const simulator = await startSimulator({ port, speed: 200 });
  folder = await mkdtemp(join(tmpdir(), 'dramatis-cut-off-'));
  breaking = join(folder, 'broken');
  await writeFile(breaking, '');
  const environment = { ROLE: 'api', SEGMIND_BASE_URL: `http://127.0.0.1:${port}` };
  dramatis = await Dramatis.start({ environment });
  dramatis.onStop(() => simulator.close());
  ({ characterId } = await dramatis.cast());
  const preloaded = `
    import net from 'node:net';
    import { existsSync } from 'node:fs';
    const { connect } = net;
    net.connect = (options, ...more) => {
      const isCutOff = Number(options.port) === ${port} && existsSync(${JSON.stringify(breaking)});
      return connect(isCutOff ? { ...options, port: 1 } : options, ...more);
    };`;
  const module = `data:text/javascript,${encodeURIComponent(preloaded)}`;
  broken = await startServerProcess(dramatis, { ROLE: 'worker', NODE_OPTIONS: `--import=${module}` });
  sound = await startServerProcess(dramatis, { ROLE: 'worker' });
}, 60_000);
afterAll(async () => {
  await dramatis.stop();
  await rm(folder, { recursive: true, force: true });
});

const cannot = 'this process cannot reach the provider, and others can: it submits nothing';
const reaches = 'this process reaches the provider again';
const pauses = () => dramatis.database.query("SELECT FROM provider_pauses WHERE reason = 'UNAVAILABLE'");

it('a worker that cannot reach the provider holds up no other one, and says so once', async () => {
  await eventually('it to know that it is cut off', async () => {
    await dramatis.settle(await dramatis.generate(characterId));
    return broken.logged(cannot) > 0;
  });
  await eventually('the pause to be over', async () => (await pauses()).length === 0);

  let paused = 0;
  for (let round = 0; round < 3; round += 1) {
    const ids = await Promise.all(Array.from({ length: 6 }, () => dramatis.generate(characterId)));
    for (const id of ids) {
      expect(await dramatis.settle(id)).toMatchObject({ status: 'COMPLETED' });
      paused += (await pauses()).length;
    }
  }
  expect(paused).toBe(0);
  expect([broken.logged(cannot), sound.logged(cannot)]).toEqual([1, 0]);
  expect(existsSync(breaking)).toBe(true);

  await rm(breaking);
  await eventually('it to reach the provider', () => broken.logged(reaches) > 0);
  await dramatis.settle(await dramatis.generate(characterId));
  expect([broken.logged(cannot), broken.logged(reaches)]).toEqual([1, 1]);
}, 120_000);
