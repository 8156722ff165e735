import { afterEach, expect, it } from '@jest/globals';
import { type DeliveringProvider, startDeliveringProvider } from '../support/delivering-provider.ts';
import { Dramatis, eventually, picture } from '../support/dramatis.ts';

/*
 * A picture that was paid for and cannot be had is asked for until the provider keeps it no longer.
 */
let dramatis: Dramatis;
afterEach(() => dramatis.stop());

/** A server whose provider is at an address, and keeps its pictures as long as that. */
async function start(retentionMs: number, provider?: DeliveringProvider): Promise<string> {
  dramatis = await Dramatis.start({
    environment: {
      SEGMIND_RETENTION_MS: String(retentionMs),
      ...(provider ? { SEGMIND_BASE_URL: provider.url } : {}),
    },
  });
  if (provider) dramatis.onStop(() => provider.close());
  return (await dramatis.cast()).characterId;
}

it('whatever its host answers meanwhile, and other runs go on', async () => {
  const provider = await startDeliveringProvider();
  const characterId = await start(120_000, provider);
  const sound = await picture('#135', 40);
  const tries = new Map<string, number>();
  provider.override = (path) => {
    tries.set(path, (tries.get(path) ?? 0) + 1);
    return undefined;
  };
  const triesOf = (name: string) => tries.get(`/files/${name}`) ?? 0;
  const runs: { id: string; name: string }[] = [];
  for (const status of [401, 403, 404, 503]) {
    const name = `late-${status}`;
    provider.files.set(name, { status, body: {} });
    provider.result = { body: { output: `${provider.url}/files/${name}` } };
    const id = await dramatis.generate(characterId);
    await eventually('it to be stored', async () => (await statusOf(id)) === 'STORING');
    runs.push({ id, name });
  }
  // One that was away for long, and now seems not to have the picture.
  await eventually('many tries', () => triesOf('late-503') >= 6);
  provider.files.set('late-503', { status: 404, body: {} });
  provider.files.set('sound', { body: sound });
  provider.result = { body: { output: `${provider.url}/files/sound` } };
  expect(await dramatis.settle(await dramatis.generate(characterId))).toMatchObject({ status: 'COMPLETED' });
  const before = new Map(tries);
  for (const { name } of runs)
    await eventually('one more try', () => triesOf(name) > (before.get(`/files/${name}`) ?? 0), 40_000);
  for (const { id } of runs) expect(await statusOf(id)).toBe('STORING');
  for (const { name } of runs) provider.files.set(name, { body: sound });
  for (const { id } of runs) expect(await dramatis.settle(id)).toMatchObject({ status: 'COMPLETED' });
}, 120_000);

it('and then its run has failed, and is paid for', async () => {
  const provider = await startDeliveringProvider();
  const characterId = await start(3_000, provider);
  provider.result = { body: { output: `${provider.url}/files/nowhere` } };
  const startedAt = performance.now();
  const run = await dramatis.settle(await dramatis.generate(characterId));
  expect(run).toMatchObject({
    status: 'FAILED',
    cost: '0.070000',
    failure: { code: 'RESULT_INVALID' },
    outputProblems: [{ index: 0, code: 'OUTPUT_NOT_FOUND' }],
  });
  expect(performance.now() - startedAt).toBeGreaterThan(2_000);
});

async function statusOf(id: string): Promise<string> {
  const { generation } = await dramatis.get('query ($id: ID!) { generation(id: $id) { status } }', { id });
  return generation.status;
}
