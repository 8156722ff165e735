import { afterEach, expect, it } from '@jest/globals';
import { startDeliveringProvider } from '../support/delivering-provider.ts';
import { Dramatis, eventually, picture } from '../support/dramatis.ts';
import { mountStorage, type StorageDisk } from '../support/faulty-storage.ts';
import { askFor, eventuallyWaiting, submitsOf, surviveOutage } from '../support/storage-outage.ts';

let dramatis: Dramatis;
afterEach(() => dramatis.stop());

/** A server whose pictures are on a disk that can fail; a run takes about a second. */
async function start(environment: Record<string, string>): Promise<StorageDisk> {
  dramatis = await Dramatis.start({
    simulator: { speed: 60 },
    environment: { FETCH_ALLOW: '127.0.0.1', ...environment },
    servers: 0,
  });
  const disk = await mountStorage(dramatis);
  dramatis.url = (await dramatis.startServer()).url ?? '';
  return disk;
}

// The other pairs, and long outages, are in test/long.
it.each([
  ['v1', 'full'],
  ['v2', 'readOnly'],
] as const)('over %s, paid pictures outlast a disk that is %s', async (transport, name) => {
  const { faults, isMounted: isReadable } = await start({ SEGMIND_TRANSPORT: transport });
  await surviveOutage(dramatis, faults[name], { runs: 10, isReadable });
});

it('an outage that is longer than the retention ends its runs, and says where their pictures were', async () => {
  const { faults } = await start({ SEGMIND_TRANSPORT: 'v2', SEGMIND_RETENTION_MS: '4000' });
  const { characterId } = await dramatis.cast();
  const ids = await askFor(dramatis, characterId, 3);
  await eventually('all to be taken', () => submitsOf(dramatis) === 3);
  await faults.full.begin();
  const ended = await Promise.all(ids.map((id) => dramatis.settle(id)));
  await faults.full.end();
  for (const { id, status, cost, failure } of ended) {
    expect([status, cost, failure?.code]).toEqual(['FAILED', '0.085000', 'STORAGE_FAILED']);
    const { generation } = await dramatis.get(
      'query ($id: ID!) { generation(id: $id) { outputProblems { index code url providerUrl } } }',
      { id },
    );
    expect(generation.outputProblems).toEqual([
      {
        index: 0,
        code: 'STORAGE_UNAVAILABLE',
        url: null,
        providerUrl: expect.stringContaining(`${dramatis.simulator.url}/generations/`),
      },
    ]);
  }
});

it('a run that waited for storage, and waits for something else now, does not say that it waits for storage', async () => {
  const provider = await startDeliveringProvider();
  const { faults } = await start({ SEGMIND_BASE_URL: provider.url });
  dramatis.onStop(() => provider.close());
  const { characterId } = await dramatis.cast();
  provider.result = { body: { output: `${provider.url}/files/one` } };
  provider.files.set('one', { body: await picture('#357', 700) });
  provider.runMs = 1_000;
  const id = await dramatis.generate(characterId);
  await eventually('the run to be taken', () => provider.submits === 1);
  await faults.full.begin();
  await eventuallyWaiting(dramatis, [id]);
  provider.files.set('one', { status: 503, body: {} });
  await faults.full.end();
  await eventually('the run to wait for the picture', async () => {
    const query = 'query ($id: ID!) { generation(id: $id) { status waitingFor { reason } } }';
    const { generation } = await dramatis.get(query, { id });
    return generation.status === 'STORING' && generation.waitingFor === null;
  });
  provider.files.set('one', { body: await picture('#357', 700) });
  expect(await dramatis.settle(id)).toMatchObject({ status: 'COMPLETED' });
});
