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

let provider: ScriptedProvider;
let api: ScriptedServer;
let segmind: Segmind;

beforeEach(async () => {
  provider = await startScriptedProvider();
  ({ api } = provider);
  segmind = provider.client();
});

afterEach(() => provider.close());

describe('credits', () => {
  it('fail with a bad key', async () => {
    api.script({ status: 401, body: { error: 'Unauthorized. API key is invalid or may have expired...' } });
    expect(await failure(segmind.credits())).toMatchObject({ code: 'UNAUTHORIZED', httpStatus: 401 });
  });

  it('are read to the micro-dollar', async () => {
    api.script({ body: { credits: 12.3, 'free-credits': 0.0184921035 } });
    expect(await segmind.credits()).toEqual({ creditsMicros: 12_300_000n, freeCreditsMicros: 18_492n });
    expect(api.requests[0]).toMatchObject({ path: '/v1/get-user-credits', headers: { 'x-api-key': key } });
  });

  it('are unknown where there is no record of them', async () => {
    api.script({ status: 404, body: { error: 'No credits found for the user' } });
    expect(await segmind.credits()).toEqual({ creditsMicros: null, freeCreditsMicros: null });
  });
});

describe('upload', () => {
  it.each([
    [{}],
    [{ file_urls: [] }],
    [{ urls: ['file:///etc/passwd'] }],
    [{ urls: ['not a url'] }],
    [{ urls: 'https://a.example/1' }],
  ])('refuses the answer %p', async (body) => {
    api.script({ body });
    expect(await failure(segmind.upload(png, 'image/png'))).toMatchObject({
      code: 'ANSWER_INVALID',
      meaning: 'REFUSED',
    });
  });

  it('takes a page of something in between for no word about the picture', async () => {
    api.script({ body: '<html>We will be back soon.</html>' });
    expect(await failure(segmind.upload(png, 'image/png'))).toMatchObject({
      code: 'ANSWER_UNREADABLE',
      meaning: 'RETRY',
    });
  });

  it('is never uncertain', async () => {
    api.script({ status: 502 }, { cut: 'AFTER_READING' });
    expect(await failure(segmind.upload(png, 'image/png'))).toMatchObject({ meaning: 'RETRY' });
    expect(await failure(segmind.upload(png, 'image/png'))).toMatchObject({ meaning: 'RETRY' });
  });

  it.each([
    [{ file_urls: ['https://images.segmind.com/1'], message: 'ok' }],
    [{ urls: ['https://images.segmind.com/1'] }],
    [{ file_urls: ['https://images.segmind.com/1'], urls: ['https://images.segmind.com/2'] }],
    [{ file_urls: [], urls: ['https://images.segmind.com/1'] }],
  ])('reads the answer %p', async (body) => {
    api.script({ body });
    expect(await segmind.upload(png, 'image/png')).toBe('https://images.segmind.com/1');
    expect(api.requests[0]).toMatchObject({
      method: 'POST',
      path: '/upload-asset',
      headers: { 'x-api-key': key },
      body: JSON.stringify({ data_urls: [`data:image/png;base64,${png.toString('base64')}`] }),
    });
  });
});

describe('download', () => {
  it.each(['nonsense', '/a.png', 'http://images.segmind.com/a.png', 'https://evil.example/a.png'])(
    'fetches nothing from %p',
    async (url) => {
      expect(await failure(segmind.download(url))).toMatchObject({
        code: 'OUTPUT_REFUSED',
        meaning: 'REFUSED',
      });
    },
  );

  it('refuses what is larger than allowed', async () => {
    const body = Buffer.alloc(1_001);
    api.script({ body }, { body: Buffer.alloc(1_000) });
    expect(await failure(segmind.download(`${api.url}/a.png`))).toMatchObject({
      code: 'OUTPUT_REFUSED',
      meaning: 'REFUSED',
    });
    expect(await segmind.download(`${api.url}/a.png`)).toHaveLength(1_000);
  });

  it('tells a picture that is gone from one that is late', async () => {
    api.script({ status: 410 }, { status: 404 }, { status: 503 });
    expect(await failure(segmind.download(`${api.url}/a.png`))).toMatchObject({
      code: 'GONE',
      meaning: 'REFUSED',
    });
    expect(await failure(segmind.download(`${api.url}/a.png`))).toMatchObject({
      code: 'OUTPUT_NOT_FOUND',
      meaning: 'RETRY',
    });
    expect(await failure(segmind.download(`${api.url}/a.png`))).toMatchObject({
      code: 'UNAVAILABLE',
      meaning: 'RETRY',
    });
  });

  it('never shows the key, not even to the API itself', async () => {
    api.script({ body: png, headers: { 'content-type': 'text/html' } });
    expect((await segmind.download(`${api.url}/outputs/a.png`)).equals(png)).toBe(true);
    expect(api.requests[0]?.headers).not.toHaveProperty('x-api-key');
  });
});
