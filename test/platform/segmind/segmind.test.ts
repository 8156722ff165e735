import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Segmind } from '../../../src/platform/segmind/segmind.ts';
import {
  failure,
  providerKey as key,
  type ScriptedProvider,
  startScriptedProvider,
} from '../../support/scripted-provider.ts';
import type { ScriptedServer } from '../../support/scripted-server.ts';

const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const slug = 'consistent-character';

let provider: ScriptedProvider;
let api: ScriptedServer;
let elsewhere: ScriptedServer;
let segmind: Segmind;

beforeEach(async () => {
  provider = await startScriptedProvider();
  ({ api, elsewhere } = provider);
  segmind = provider.client();
});

afterEach(() => provider.close());

describe('createSegmind', () => {
  it.each(['', 'SG_a\nb', 'SG a'])('refuses the key %p', (apiKey) => {
    expect(() => provider.client({ apiKey })).toThrow('API key');
  });

  it('names the account stably, without telling the key', () => {
    const { accountId } = segmind;
    expect(accountId).toMatch(/^[0-9a-f]{16}$/);
    expect(provider.client({ baseUrl: `${api.url}/v2` }).accountId).toBe(accountId);
    expect(provider.client({ baseUrl: elsewhere.url }).accountId).not.toBe(accountId);
    expect(provider.client({ apiKey: 'SG_fedcba9876543210' }).accountId).not.toBe(accountId);
    expect(key).not.toContain(accountId.slice(0, 6));
  });
});

describe('submit', () => {
  it.each(['', '.', '..', '../requests', 'a/b', 'a?b', 'a b', '%2e%2e'])(
    'sends nothing to the model %p',
    async (name) => {
      expect(await failure(segmind.submit(name, {}))).toMatchObject({
        code: 'MODEL_NOT_FOUND',
        meaning: 'REFUSED',
      });
      expect(api.requests).toEqual([]);
    },
  );

  it.each([
    [{ request_id: '../../v1/x' }],
    [{ request_id: '..' }],
    [{ request_id: 'a..b' }],
    [{ request_id: '.hidden' }],
    [{ request_id: 'a/b' }],
    [{ request_id: 'a?b' }],
    [{ request_id: 'a%2fb' }],
    [{ request_id: 'x'.repeat(129) }],
    [{ request_id: 7 }],
    [{ status: 'QUEUED' }],
    [{ error: 'No GPU' }],
    ['<html>'],
    [''],
  ])('is uncertain when a success says %p', async (body) => {
    api.script({ body });
    const error = await failure(segmind.submit(slug, {}));
    expect(error).toMatchObject({ code: 'ANSWER_INVALID', meaning: 'UNCERTAIN', httpStatus: 200 });
  });

  it('keeps a success with a strange id, without the key, since it may be paid for', async () => {
    api.script({ body: { request_id: 'a?b', told: key } });
    const { answer } = await failure(segmind.submit(slug, {}));
    expect(answer?.toString()).toBe('{"request_id":"a?b","told":"[key]"}');
  });

  it.each(['', '\0', '\ufeff', ' \r\n', '\u0085\x1b'])(
    'sees what was not found behind %p',
    async (before) => {
      const answer = { status: 404, body: `${before}{"error":"Not found"}` };
      api.script(answer, answer, { status: 502, body: `${before}<html>Bad gateway</html>` });
      const refused = { code: 'MODEL_NOT_FOUND', isRouteRefused: false, detail: 'Not found' };
      expect(await failure(segmind.submit(slug, {}))).toMatchObject(refused);
      expect(await failure(segmind.status('r'))).toMatchObject({ code: 'REQUEST_NOT_FOUND' });
      expect((await failure(segmind.status('r'))).detail).toBeNull();
    },
  );

  it('tells a missing route from a missing model', async () => {
    api.script(
      { status: 404, body: { error: 'Model not found' } },
      { status: 405, body: '<html>Not allowed</html>' },
      { status: 404, body: { error: 'Incorrect or Missing host header' } },
    );
    expect(await failure(segmind.submit(slug, {}))).toMatchObject({
      code: 'MODEL_NOT_FOUND',
      isRouteRefused: false,
    });
    expect(await failure(segmind.submit(slug, {}))).toMatchObject({
      code: 'METHOD_NOT_ALLOWED',
      isRouteRefused: true,
    });
    expect(await failure(segmind.submit(slug, {}))).toMatchObject({
      meaning: 'REFUSED',
      isRouteRefused: true,
    });
  });

  it('says when to come again, and what the provider said, without the key', async () => {
    const resetAt = new Date(Date.now() + 30_000);
    api.script({
      status: 429,
      headers: { 'x-rate-limit-reset-at-utc': resetAt.toISOString() },
      body: { error: `Slow down, ${key}`, message: 'no' },
    });
    const error = await failure(segmind.submit(slug, {}));
    expect(error).toMatchObject({
      code: 'RATE_LIMITED',
      meaning: 'RETRY',
      httpStatus: 429,
      retryAt: resetAt,
    });
    expect(error.detail).toBe('Slow down, [key]');
    expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain(key);
  });

  it('shows no page of a gateway', async () => {
    api.script({ status: 502, body: '<html><h1>Bad Gateway</h1></html>' });
    expect((await failure(segmind.submit(slug, {}))).detail).toBeNull();
  });

  it('sends the body as it is, once, and resolves to the id', async () => {
    api.script({
      body: { request_id: 'abc123', status: 'QUEUED' },
      headers: { 'x-remaining-credits': '9.5' },
    });
    const submitted = await segmind.submit(slug, { prompt: 'at the sea', seed: 4_898_558_797 });
    expect(submitted.requestId).toBe('abc123');
    expect(submitted.metrics.remainingCreditsMicros).toBe(9_500_000n);
    expect(api.requests).toHaveLength(1);
    expect(api.requests[0]).toMatchObject({
      method: 'POST',
      path: `/v2/${slug}`,
      headers: { 'x-api-key': key, 'content-type': 'application/json', 'user-agent': 'dramatis' },
      body: '{"prompt":"at the sea","seed":4898558797}',
    });
  });
});

describe('run', () => {
  it('is uncertain about a JSON error under 200', async () => {
    api.script({ body: { error: 'Internal Polling Error' } });
    const error = await failure(segmind.run(slug, {}));
    expect(error).toMatchObject({
      code: 'ANSWER_INVALID',
      meaning: 'UNCERTAIN',
      detail: 'Internal Polling Error',
    });
  });

  it('resolves to the picture', async () => {
    api.script({ body: png, headers: { 'content-type': 'image/jpeg', 'x-cost': '0.029' } });
    const result = await segmind.run(slug, { prompt: 'x' });
    expect(result.outputs.map((output) => output.kind === 'BYTES' && output.bytes.equals(png))).toEqual([
      true,
    ]);
    expect(result.metrics.costMicros).toBe(29_000n);
    expect(api.requests[0]).toMatchObject({ method: 'POST', path: `/v1/${slug}` });
  });
});

describe('status and result', () => {
  it.each(['../../v1/x', '..', '', '.', 'a/../b', 'a/b', '%2e%2e', 'x'.repeat(129)])(
    'ask nothing about %p',
    async (id) => {
      expect(await failure(segmind.status(id))).toMatchObject({ code: 'ANSWER_INVALID', meaning: 'REFUSED' });
      expect(await failure(segmind.result(id))).toMatchObject({ code: 'ANSWER_INVALID', meaning: 'REFUSED' });
      expect(api.requests).toEqual([]);
    },
  );

  it('ask at the API, whatever URLs its answers name', async () => {
    const urls = {
      status_url: `${elsewhere.url}/s`,
      response_url: `${elsewhere.url}/r`,
      poll_url: elsewhere.url,
    };
    api.script(
      { body: { request_id: '1a-b_c.d', ...urls } },
      { body: { status: 'COMPLETED', ...urls } },
      { body: { status: 'COMPLETED', images: [{ url: `${elsewhere.url}/a.png` }] } },
    );
    const { requestId } = await segmind.submit(slug, {});
    await segmind.status(requestId);
    const result = await segmind.result(requestId);
    expect(api.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `POST /v2/${slug}`,
      'GET /v2/requests/1a-b_c.d/status',
      'GET /v2/requests/1a-b_c.d',
    ]);
    expect(result.outputs).toEqual([{ kind: 'URL', url: `${elsewhere.url}/a.png` }]);
    expect(await failure(segmind.download(`${elsewhere.url}/a.png`))).toMatchObject({
      code: 'OUTPUT_REFUSED',
    });
    expect(elsewhere.requests).toEqual([]);
  });

  it('refuse a status of more than a megabyte', async () => {
    api.script({ body: { status: 'QUEUED', error: 'x'.repeat(1_048_576) } });
    expect(await failure(segmind.status('r'))).toMatchObject({ code: 'ANSWER_INVALID', meaning: 'REFUSED' });
  });
});
