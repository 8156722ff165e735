import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Segmind } from '../../../src/platform/segmind/segmind.ts';
import { eventually } from '../../support/eventually.ts';
import {
  failure,
  providerKey,
  type ScriptedProvider,
  startScriptedProvider,
} from '../../support/scripted-provider.ts';
import { key, post, start, submit } from '../../support/simulator.ts';

const slug = 'consistent-character';
const query = { slug, from: new Date('2026-09-01T23:00:00Z'), to: new Date('2026-09-15T01:00:00Z') };
const none = { body: { data: [] } };

let provider: ScriptedProvider;
let segmind: Segmind;
const client = (list: string) =>
  provider.client({ generationsUrl: `${provider.api.url}/inference-request/${list}` });
beforeEach(async () => {
  provider = await startScriptedProvider();
  segmind = client('generations');
});
afterEach(() => provider.close());

const rows = async (...data: unknown[]) => {
  provider.api.script({ body: { data } }, none);
  return segmind.generations(query);
};

describe('the list of past runs', () => {
  it('cannot be asked without an address', async () => {
    const without = provider.client();
    expect([without.hasHistory, segmind.hasHistory]).toEqual([false, true]);
    await expect(without.generations(query)).rejects.toThrow('no address');
    expect(provider.api.requests).toEqual([]);
  });

  it.each([
    [{ status: 401, body: { error: `Unauthorized ${providerKey}` } }, 'UNAUTHORIZED', 'RETRY'],
    [{ status: 404, body: { error: 'Incorrect or Missing host header' } }, 'UNEXPECTED_STATUS', 'RETRY'],
    [{ status: 404, body: { error: 'Not found' } }, 'REQUEST_NOT_FOUND', 'RETRY'],
    [{ status: 429, body: { error: 'rate_limit_exceeded' } }, 'RATE_LIMITED', 'RETRY'],
    [{ status: 502, body: '<html>' }, 'BAD_GATEWAY', 'RETRY'],
    [{ status: 302, headers: { location: 'http://127.0.0.1:9/' } }, 'REDIRECTED', 'REFUSED'],
    [{ cut: 'WITHIN_ANSWER', body: { data: [] } }, 'CONNECTION_LOST', 'RETRY'],
    [{ body: '<html>' }, 'ANSWER_UNREADABLE', 'RETRY'],
    [{ body: { error: 'No' } }, 'ANSWER_INVALID', 'REFUSED'],
    [{ body: { data: 'none' } }, 'ANSWER_INVALID', 'REFUSED'],
  ] as const)('fails on %j', async (answer, code, meaning) => {
    provider.api.script(answer);
    const error = await failure(segmind.generations(query));
    expect(error).toMatchObject({ name: 'SegmindError', code, meaning });
    expect(`${error.stack} ${error.detail}`).not.toContain(providerKey);
  });

  it('fails on rows that are nested too deeply to be compared, and proves nothing by them', async () => {
    const nested = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
    provider.api.script({ body: `{"data":[{"parameters":${nested}}]}` });
    const error = await failure(segmind.generations(query));
    expect(error).toMatchObject({ name: 'SegmindError', code: 'ANSWER_INVALID', meaning: 'REFUSED' });
  });

  it('fails as a whole when a later page does', async () => {
    provider.api.script({ body: { data: [{ model_name: slug }] } }, { status: 500, body: {} });
    expect(await failure(segmind.generations(query))).toMatchObject({ code: 'SERVER_ERROR' });
  });

  it('fails when it does not end', async () => {
    const pages = Array.from({ length: 200 }, (_, page) => ({
      body: { data: [{ model_name: slug, request_id: `r${page}` }] },
    }));
    provider.api.script(...pages, none);
    expect(await failure(segmind.generations(query))).toMatchObject({ code: 'ANSWER_INVALID' });
    expect(provider.api.requests).toHaveLength(200);
  });

  it.each([
    ['generations', `model_name=${slug}&start_date=2026-09-01&end_date=2026-09-15`],
    ['request-history', `model_name=${slug}&per_page=100&from_date=2026-09-01&to_date=2026-09-15`],
  ])('asks %s with its own names, page by page', async (list, parameters) => {
    provider.api.script({ body: { data: [{ model_name: slug }] } }, none);
    await client(list).generations(query);
    expect(provider.api.requests.map(({ path }) => path)).toEqual([
      `/inference-request/${list}?page=1&${parameters}`,
      `/inference-request/${list}?page=2&${parameters}`,
    ]);
    expect(provider.api.requests[0]).toMatchObject({ method: 'GET', headers: { 'x-api-key': providerKey } });
  });

  it.each([
    ['an empty page', none],
    ['the same page again', { body: { data: [{ model_name: slug, request_id: 'r' }], page: 2 } }],
    ['a 404 of the API', { status: 404, body: { error: 'Not found' } }],
  ])('ends with %s', async (_, end) => {
    provider.api.script({ body: { data: [{ model_name: slug, request_id: 'r' }], page: 1 } }, end);
    expect(await segmind.generations(query)).toHaveLength(1);
    expect(provider.api.requests).toHaveLength(2);
  });

  it.each([[(row: object) => ({ generations: [row] })], [(row: object) => [row]]])(
    'is also found as %p',
    async (wrap) => {
      provider.api.script({ body: wrap({ model_name: slug, request_id: 'r' }) }, none);
      expect(await segmind.generations(query)).toMatchObject([{ requestId: 'r' }]);
    },
  );
});

describe('a row', () => {
  it('of another model, or that is no object, is left out', async () => {
    const others = [{ model_name: `${slug}-with-pose` }, { request_id: 'r' }, null, 7, 'row', []];
    expect(await rows(...others)).toEqual([]);
  });

  it('tells nothing that is not there', async () => {
    const empty = {
      requestId: null,
      slug,
      state: null,
      costMicros: null,
      seconds: null,
      seed: null,
      parameters: {},
      at: null,
      outputUrls: [],
    };
    const nonsense = {
      request_id: '../x',
      status: 'ODD',
      credits_deduction: -1,
      latency_ms: 'long',
      parameters: [1],
      created_at: 'today',
      generation_url: 'javascript:alert(1)',
    };
    const nulls = Object.fromEntries(Object.keys(nonsense).map((name) => [name, null]));
    expect(
      await rows({ model_name: slug }, { model_name: slug, ...nonsense }, { model_name: slug, ...nulls }),
    ).toEqual([empty, empty, empty]);
  });

  it.each([
    ['COMPLETED', 'COMPLETED'],
    ['failed', 'FAILED'],
    ['PENDING', 'PROCESSING'],
    ['queued', 'QUEUED'],
  ])('that is %s is %s', async (status, state) => {
    expect(await rows({ model_name: slug, status })).toMatchObject([{ state }]);
    expect(await rows({ model_name: slug, model_status: status })).toMatchObject([{ state }]);
  });

  it.each([
    [0.085, 85_000n],
    [1e-6, 1n],
    [0.1 + 0.2, 300_000n],
    ['0.058', 58_000n],
    [0, 0n],
  ])('that cost %p cost %p', async (credits_deduction, costMicros) => {
    expect(await rows({ model_name: slug, credits_deduction })).toMatchObject([{ costMicros }]);
  });

  it.each([
    [{ parameters: { seed: 4_898_558_797 }, created_at: '2026-09-02T10:00:00.123456' }],
    [{ request_body: '{"seed":4898558797}', model_created: 'Wed, 02 Sep 2026 10:00:00 GMT' }],
  ])('%j has its seed and time', async (row) => {
    const [found] = await rows({ model_name: slug, latency_ms: 61_500, ...row });
    expect(found).toMatchObject({ seed: 4_898_558_797, seconds: 61.5, parameters: { seed: 4_898_558_797 } });
    expect(found?.at?.toISOString().slice(0, 19)).toBe('2026-09-02T10:00:00');
  });

  it('is one for all the outputs of a request, and so is the cost', async () => {
    const url = (name: string) => `https://images.segmind.com/generations/${name}.webp`;
    const row = { model_name: slug, request_id: 'a', credits_deduction: 0.17, status: 'COMPLETED' };
    provider.api.script(
      {
        body: {
          data: [
            { ...row, generation_url: url('a-1') },
            { ...row, request_id: 'b', credits_deduction: null, status: 'PENDING' },
          ],
        },
      },
      {
        body: {
          data: [
            { ...row, generation_url: url('a-0') },
            { ...row, generation_url: url('a-1') },
            { ...row, request_id: 'b', generation_url: url('b') },
          ],
        },
      },
      none,
    );
    expect(await segmind.generations(query)).toMatchObject([
      { requestId: 'a', costMicros: 170_000n, outputUrls: [url('a-1'), url('a-0')] },
      { requestId: 'b', costMicros: 170_000n, state: 'COMPLETED', outputUrls: [url('b')] },
    ]);
  });
});

it('reads what the simulator lists, over several pages', async () => {
  const simulator = await start();
  const seeds = Array.from({ length: 120 }, (_, seed) => seed);
  for (const seed of seeds) await submit(simulator, { seed, number_of_outputs: 2 });
  await post(simulator, `/v2/${slug}`, { seed: 500, prompt: '[[simulate:accept-then-504]]' });
  await post(simulator, `/v2/${slug}`, { seed: 501, prompt: '[[simulate:stuck]]' });
  await eventually('all to be paid but the one that is stuck', () => simulator.bill.length === 121);
  const read = (list: string) =>
    provider
      .client({
        apiKey: key['x-api-key'],
        baseUrl: simulator.url,
        generationsUrl: `${simulator.url}/inference-request/${list}`,
      })
      .generations({ slug, from: new Date(Date.now() - 60_000), to: new Date() });
  const all = await read('request-history');
  expect(all.map(({ seed }) => seed)).toEqual([501, 500, ...seeds.toReversed()]);
  expect(all[0]).toMatchObject({ state: 'PROCESSING', costMicros: null, outputUrls: [] });
  expect(all[1]).toMatchObject({ state: 'COMPLETED', costMicros: 85_000n, seconds: 0.061 });
  expect(all[2]).toMatchObject({ costMicros: 170_000n, parameters: { number_of_outputs: 2 } });
  expect(all[2]?.outputUrls).toHaveLength(2);
  expect((await read('generations')).map(({ seed }) => seed)).toEqual([500, ...seeds.toReversed()]);
});
