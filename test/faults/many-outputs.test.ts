import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type DeliveringProvider, startDeliveringProvider } from '../support/delivering-provider.ts';
import { Dramatis, eventually, picture } from '../support/dramatis.ts';
import { numbered } from '../support/pictures.ts';

const many = 10_000;
let dramatis: Dramatis;
let provider: DeliveringProvider;
let characterId: string;
let picturesAsked: number;

beforeEach(async () => {
  provider = await startDeliveringProvider();
});
afterEach(() => dramatis.stop());

/** The first run that is taken has ten thousand outputs, every other one has one. */
async function start(environment: Record<string, string> = {}): Promise<void> {
  dramatis = await Dramatis.start({ environment: { SEGMIND_BASE_URL: provider.url, ...environment } });
  dramatis.onStop(() => provider.close());
  ({ characterId } = await dramatis.cast());
  picturesAsked = 0;
}

/** Answers with these for the large run's pictures; `single` is the one of every other run. */
async function deliver(
  ofLarge: (number: number) => ReturnType<DeliveringProvider['override']>,
): Promise<void> {
  const single = await picture('#a53');
  const images = Array.from({ length: many }, (_, number) => `${provider.url}/many/${number}`);
  provider.override = (path) => {
    if (/requests\/request-1$/.test(path)) return { body: { images } };
    if (/requests\/request-\d+$/.test(path)) return { body: { images: [`${provider.url}/single`] } };
    if (path === '/single') return { body: single };
    const [, number] = /^\/many\/(\d+)$/.exec(path) ?? [];
    if (number === undefined) return undefined;
    picturesAsked += 1;
    return ofLarge(Number(number));
  };
}

/** Asks for the large run, waits until its pictures are fetched, and then asks for ten others, and waits for them. */
async function outrun(): Promise<string> {
  const large = await dramatis.generate(characterId, 'ten thousand');
  await eventually('pictures of the large run to be asked for', () => picturesAsked > 3);
  const others = await Promise.all(
    Array.from({ length: 10 }, (_, number) => dramatis.generate(characterId, `one, ${number}`)),
  );
  const ended = await Promise.all(others.map((id) => dramatis.settle(id)));
  expect(ended.map(({ status, images }) => [status, images.length])).toEqual(
    others.map(() => ['COMPLETED', 1]),
  );
  expect(await statusOf(large)).toBe('STORING');
  return large;
}

async function statusOf(id: string): Promise<string> {
  const { generation } = await dramatis.get('query ($id: ID!) { generation(id: $id) { status } }', { id });
  return generation.status;
}

/** The longest of the events of a run, in characters. */
async function longestEvent(): Promise<number> {
  const [row] = await dramatis.database.query(
    'SELECT max(length(progress::text))::int AS length FROM project_events',
  );
  return Number(row?.length);
}

it('a run with ten thousand pictures lets the ten that were asked for after it pass', async () => {
  const png = await picture('#3a5', 8);
  await start();
  await deliver((number) => ({ body: numbered(png, number) }));
  await outrun();
  expect(picturesAsked).toBeLessThan(many);
}, 120_000);

it('ten thousand addresses at which nothing is hold up no other run, and each is told', async () => {
  await start({ SEGMIND_RETENTION_MS: '8000' });
  await deliver(() => ({ status: 404, body: {} }));
  const large = await outrun();
  const { status, failure } = await dramatis.settle(large);
  expect([status, failure?.code]).toEqual(['FAILED', 'RESULT_INVALID']);
  const { generation } = await dramatis.get(
    'query ($id: ID!) { generation(id: $id) { outputProblems { index providerUrl } } }',
    { id: large },
  );
  expect(generation.outputProblems).toEqual(
    Array.from({ length: many }, (_, index) => ({ index, providerUrl: `${provider.url}/many/${index}` })),
  );
  expect(await longestEvent()).toBeLessThan(100_000);
}, 120_000);

it('ten thousand addresses that never answer hold up no other run, and end with the retention', async () => {
  await start({ SEGMIND_RETENTION_MS: '6000' });
  const release = Promise.withResolvers<{ status: number; body: object }>();
  await deliver(() => release.promise);
  const large = await outrun();
  const since = performance.now();
  await eventually('the retention to be over', () => performance.now() - since > 6_000);
  expect(picturesAsked).toBeLessThan(10);
  release.resolve({ status: 503, body: {} });
  const { status, outputProblems } = await dramatis.settle(large);
  // An event names the first hundred.
  expect([status, outputProblems.length]).toEqual(['FAILED', 100]);
  expect(new Set(outputProblems.map(({ code }) => code))).toEqual(new Set(['UNAVAILABLE', 'TIMED_OUT']));
}, 120_000);
