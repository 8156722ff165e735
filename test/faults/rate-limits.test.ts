import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { delay } from '../support/delay.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { type FaultyProvider, isSubmit, startFaultyProvider } from '../support/faulty-provider.ts';
import { freePort } from '../support/free-port.ts';
import { mutate } from '../support/people.ts';
import { isThorough } from '../support/thorough.ts';

/*
 * A provider that takes no more requests for a few seconds delays runs by these seconds, and hardly more.
 */
let dramatis: Dramatis;
let provider: FaultyProvider;
beforeAll(async () => {
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  dramatis = await Dramatis.start({ servers: 0, simulator: { publicUrl } });
  provider = await startFaultyProvider(dramatis.simulator.url, port);
  dramatis.onStop(() => provider.close());
  const server = await dramatis.startServer({ SEGMIND_BASE_URL: provider.url });
  dramatis.url = server.url ?? '';
});
afterAll(() => dramatis.stop());

const admin = { key: 'test_admin_key_0123456789' };
const query = (text: string) => dramatis.database.query(text);
const unfinished = async () => (await query("SELECT 1 FROM generations WHERE status <> 'COMPLETED'")).length;

async function cast({ isUploaded = true } = {}) {
  const place = await dramatis.cast();
  const limit = { id: place.projectId, maxConcurrentGenerations: 40 };
  await mutate(dramatis, admin, 'updateProjectLimits', limit, 'project { id }');
  // The pictures are at the provider from here on. Other casts have the same ones.
  if (isUploaded) await dramatis.settle(await dramatis.generate(place.characterId));
  else await query('DELETE FROM provider_assets');
  return place;
}

/** A refusal, with what it says about when to come again. */
const tooMany = (headers: Record<string, string>) => ({
  status: 429,
  headers,
  body: { error: 'rate_limit_exceeded' },
});

const twenty = (characterId: string) =>
  Promise.all(Array.from({ length: 20 }, () => dramatis.generate(characterId)));

/** What the provider says with a refusal: its own header, the standard one, or nothing. */
const hints = {
  'x-rate-limit-reset-at-utc': () => ({
    'x-rate-limit-reset-at-utc': new Date(Date.now() + 1_000).toISOString(),
  }),
  'retry-after': () => ({ 'retry-after': '1' }),
  'no header': () => ({}),
} satisfies Record<string, () => Record<string, string>>;

const bursts: readonly (readonly [keyof typeof hints, readonly number[]])[] = isThorough
  ? [
      ['x-rate-limit-reset-at-utc', [1, 3, 6]],
      ['retry-after', [3]],
      ['no header', [1, 6]],
    ]
  : [
      ['x-rate-limit-reset-at-utc', [3]],
      ['no header', [1]],
    ];

describe.each(bursts)('with %s', (hint, ofSeconds) => {
  it.each(ofSeconds.flatMap((seconds) => [[seconds, true] as const, [seconds, false] as const]))(
    'a burst of %i seconds delays twenty runs by these and ten seconds at most; pictures uploaded: %s',
    async (seconds, isUploaded) => {
      const { characterId } = await cast({ isUploaded });
      // Every call is refused, free ones as well.
      provider.answers = () => tooMany(hints[hint]());
      const before = provider.caught.length;
      const submitsBefore = provider.submits.length;
      const startedAt = performance.now();
      await twenty(characterId);
      await eventually('the first refusal', () => provider.caught.length > before);
      await delay(Math.max(0, seconds * 1_000 - (performance.now() - startedAt)));
      provider.answers = () => null;
      await eventually('all to be done', async () => (await unfinished()) === 0);
      expect(performance.now() - startedAt).toBeLessThan((seconds + 10) * 1_000);
      // All that were under way together, and then hardly any while it lasts.
      expect(provider.caught.length - before).toBeLessThan(20 + 6 * seconds);
      // Nothing was sent another way, and nothing is in doubt.
      if (!isUploaded) expect(provider.submits.length).toBe(submitsBefore);
    },
    90_000,
  );
});

it('says that runs wait for the limit, and a limit of one account holds up no other', async () => {
  const [limited, free] = [await cast(), await cast()];
  const own = { projectId: free.projectId, key: 'SG_another0123456789' };
  await mutate(dramatis, admin, 'setProviderKey', own, 'project { id }');
  // Pictures are fetched without a key.
  provider.answers = ({ headers: { 'x-api-key': key } }) =>
    key === undefined || key === own.key ? null : tooMany({ 'retry-after': '4' });
  const waiting = await dramatis.generate(limited.characterId);
  const wait = async () =>
    (
      await dramatis.get('query ($id: ID!) { generation(id: $id) { waitingFor { reason } } }', {
        id: waiting,
      })
    ).generation.waitingFor;
  await eventually('it to say so', async () => (await wait())?.reason === 'PROVIDER_RATE_LIMIT');
  expect(await dramatis.get('{ provider { status message } }')).toEqual({
    provider: { status: 'PAUSED', message: expect.stringContaining('limits the requests') },
  });
  expect((await dramatis.settle(await dramatis.generate(free.characterId))).status).toBe('COMPLETED');
  expect((await wait())?.reason).toBe('PROVIDER_RATE_LIMIT');
  provider.answers = () => null;
  expect((await dramatis.settle(waiting)).status).toBe('COMPLETED');
}, 60_000);

it('a model that is limited delays the runs of others by no more', async () => {
  const { characterId } = await cast();
  provider.answers = ({ method, url }) =>
    isSubmit(method, url) && url === '/v2/consistent-character' ? tooMany({}) : null;
  const startedAt = performance.now();
  const others = Array.from({ length: 5 }, () =>
    dramatis.get(
      'mutation ($input: GenerateInput!) { generate(input: $input) { generation { id } userErrors { message } } }',
      { input: { characterId, model: { consistentCharacterAiNeolemonV3: { prompt: 'another model' } } } },
    ),
  );
  await Promise.all([...others, ...Array.from({ length: 15 }, () => dramatis.generate(characterId))]);
  await delay(Math.max(0, 3_000 - (performance.now() - startedAt)));
  provider.answers = () => null;
  await eventually('all to be done', async () => (await unfinished()) === 0);
  expect(performance.now() - startedAt).toBeLessThan(13_000);
}, 60_000);

it('a pause lasts as long as the provider says', async () => {
  const { characterId } = await cast();
  provider.answers = ({ method, url }) => (isSubmit(method, url) ? tooMany({ 'retry-after': '40' }) : null);
  const id = await dramatis.generate(characterId);
  const pause = await eventually('the pause', async () => {
    const [row] = await query(
      "SELECT extract(epoch FROM until - now())::float8 AS seconds FROM provider_pauses WHERE reason = 'RATE_LIMITED' AND until > now()",
    );
    return row;
  });
  // Without a word of its own it would be four seconds at the most.
  expect(Number(pause.seconds)).toBeGreaterThan(20);
  expect(Number(pause.seconds)).toBeLessThanOrEqual(40);
  await mutate(dramatis, admin, 'cancelGeneration', { id }, 'generation { id }');
});
