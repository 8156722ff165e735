import { afterEach, describe, expect, it } from '@jest/globals';
import { type DeliveringProvider, startDeliveringProvider } from '../support/delivering-provider.ts';
import { Dramatis, eventually, picture } from '../support/dramatis.ts';
import { mountStorage } from '../support/faulty-storage.ts';
import { startServerProcess } from '../support/server-process.ts';
import { askFor, eventuallyWaiting, submitsOf, surviveOutage } from '../support/storage-outage.ts';

let dramatis: Dramatis;
afterEach(() => dramatis.stop());

describe.each(['v1', 'v2'])(
  'over %s, forty paid pictures outlast 25 seconds with a disk that is',
  (transport) => {
    it.each([
      ['full', true],
      ['inodes', true],
      ['readOnly', true],
      ['gone', false],
    ] as const)('%s', async (name, isReadable) => {
      dramatis = await Dramatis.start({
        simulator: { speed: 15 },
        environment: { SEGMIND_TRANSPORT: transport, FETCH_ALLOW: '127.0.0.1' },
        servers: 0,
      });
      const { faults, isMounted } = await mountStorage(dramatis, 64 * 1_048_576);
      dramatis.url = (await dramatis.startServer()).url ?? '';
      const isServed = isReadable && isMounted;
      await surviveOutage(dramatis, faults[name], { runs: 40, lastsMs: 25_000, isReadable: isServed });
    });
  },
);

it('a host of pictures that is away for longer than a minute loses none', async () => {
  const provider: DeliveringProvider = await startDeliveringProvider();
  dramatis = await Dramatis.start({ environment: { SEGMIND_BASE_URL: provider.url } });
  dramatis.onStop(() => provider.close());
  const { characterId } = await dramatis.cast();
  provider.result = { body: { output: `${provider.url}/files/late` } };
  provider.files.set('late', { status: 503, body: { error: 'away' } });
  const id = await dramatis.generate(characterId);
  const askedAt = performance.now();
  await eventually('the host to be away long', () => performance.now() - askedAt > 75_000, 80_000);
  provider.files.set('late', { body: await picture('#987') });
  expect(await dramatis.settle(id)).toMatchObject({ status: 'COMPLETED', failure: null });
});

it('a worker that stops waits until the answers that it holds are stored', async () => {
  dramatis = await Dramatis.start({ simulator: { speed: 15 }, environment: { ROLE: 'api' }, servers: 0 });
  const { faults } = await mountStorage(dramatis);
  dramatis.url = (await dramatis.startServer()).url ?? '';
  const { characterId } = await dramatis.cast();
  const worker = () => startServerProcess(dramatis, { ROLE: 'worker', SEGMIND_TRANSPORT: 'v1' });
  const first = await worker();
  const ids = await askFor(dramatis, characterId, 5);
  await eventually('all to be taken', () => submitsOf(dramatis) === 5);
  await faults.full.begin();
  await eventuallyWaiting(dramatis, ids);
  first.signal('SIGTERM');
  const stoppedAt = performance.now();
  await eventually('more than the grace to pass', () => performance.now() - stoppedAt > 20_000, 30_000);
  expect(first.child.exitCode).toBeNull();
  await faults.full.end();
  expect(await first.exited).toBe(0);
  await worker();
  const ended = await Promise.all(ids.map((id) => dramatis.settle(id)));
  expect(ended.map(({ status }) => status)).toEqual(ids.map(() => 'COMPLETED'));
  expect(dramatis.simulator.bill).toHaveLength(5);
});

it('pictures that are here alone are kept past the retention', async () => {
  dramatis = await Dramatis.start({
    simulator: { speed: 60 },
    environment: { SEGMIND_TRANSPORT: 'v1', SEGMIND_RETENTION_MS: '1000' },
    servers: 0,
  });
  const { faults } = await mountStorage(dramatis);
  dramatis.url = (await dramatis.startServer()).url ?? '';
  const { characterId } = await dramatis.cast();
  const ids = await askFor(dramatis, characterId, 3);
  await eventually('all to be taken', () => submitsOf(dramatis) === 3);
  await faults.full.begin();
  await eventuallyWaiting(dramatis, ids);
  const waitingSince = performance.now();
  await eventually('the retention to end', () => performance.now() - waitingSince > 2_000);
  await faults.full.end();
  const ended = await Promise.all(ids.map((id) => dramatis.settle(id)));
  expect(ended.map(({ status }) => status)).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED']);
});
