import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Fastify from 'fastify';
import { chooseEncoding, registerCompression } from '../../../src/server/http/compression.ts';
import { eventually } from '../../support/eventually.ts';

const large = JSON.stringify({ words: 'at the sea '.repeat(2_000) });
const small = JSON.stringify({ words: 'at the sea' });
const decoders = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync };

const app = Fastify();
let [made, ended] = [0, 0];
beforeAll(async () => {
  registerCompression(app);
  const send = (url: string, type: string, body: () => string | Buffer | Readable, more: object = {}) =>
    app.get(url, (_, reply) => reply.headers({ ...more, 'content-type': type }).send(body()));
  send('/large', 'application/graphql-response+json; charset=utf-8', () => large);
  send('/small', 'application/json; charset=utf-8', () => small);
  send('/buffer', 'text/css; charset=utf-8', () => Buffer.from(large), { vary: 'Accept' });
  send('/picture', 'image/webp', () => Buffer.from(large));
  send('/stream', 'text/csv; charset=utf-8; header=present', () => Readable.from([large, large]), {
    'content-length': large.length * 2,
  });
  send('/broken', 'text/csv', () =>
    Readable.from(
      (async function* () {
        yield small;
        throw new Error('The books are closed.');
      })(),
    ),
  );
  send('/endless', 'application/jsonl; charset=utf-8', () =>
    Readable.from(
      (async function* () {
        try {
          for (;;) {
            made += 1;
            yield randomBytes(16_384).toString('base64');
          }
        } finally {
          ended += 1;
        }
      })(),
    ),
  );
  app.get('/nothing', (_, reply) => reply.code(304).send());
  await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => app.close());

const get = (url: string, accepted?: string, method: 'GET' | 'HEAD' = 'GET') =>
  app.inject({ url, method, headers: accepted === undefined ? {} : { 'accept-encoding': accepted } });

describe('an answer', () => {
  it.each(['gzip', 'br', 'zstd'] as const)('is compressed by %s for who takes it', async (name) => {
    const { headers, rawPayload } = await get('/large', name);
    expect(headers).toMatchObject({
      'content-encoding': name,
      'content-length': String(rawPayload.length),
      'content-type': 'application/graphql-response+json; charset=utf-8',
      vary: 'Accept-Encoding',
    });
    expect(rawPayload.length).toBeLessThan(large.length / 10);
    expect(decoders[name](rawPayload).toString()).toBe(large);
  });

  it('stays as it is for who does not say so, to the last header', async () => {
    const { headers, payload } = await get('/large');
    expect(payload).toBe(large);
    expect(headers).toEqual({
      'content-type': 'application/graphql-response+json; charset=utf-8',
      'content-length': String(large.length),
      date: expect.any(String),
      connection: 'keep-alive',
    });
  });

  it.each(['/small', '/picture', '/nothing'])('stays as it is where nothing is gained: %s', async (url) => {
    const { headers, payload } = await get(url, 'gzip, br');
    expect([headers['content-encoding'], headers.vary]).toEqual([undefined, undefined]);
    expect(payload).toBe((await get(url)).payload);
  });

  it('stays as it is for who takes nothing of ours, and says that it depends', async () => {
    const { headers, payload } = await get('/large', 'identity');
    expect([headers['content-encoding'], headers.vary]).toEqual([undefined, 'Accept-Encoding']);
    expect(payload).toBe(large);
  });

  it('keeps what else it depends on', async () => {
    const { headers, rawPayload } = await get('/buffer', 'gzip');
    expect(headers.vary).toBe('Accept, Accept-Encoding');
    expect(gunzipSync(rawPayload).toString()).toBe(large);
  });

  it('to HEAD has no body and the length of the plain one', async () => {
    const { headers, payload } = await get('/large', 'gzip', 'HEAD');
    expect([payload, headers['content-encoding'], headers['content-length']]).toEqual([
      '',
      undefined,
      String(large.length),
    ]);
  });
});

describe('a body that is written as it is read', () => {
  it.each(['gzip', 'br', 'zstd'] as const)('is compressed by %s on its way', async (name) => {
    const { headers, rawPayload } = await get('/stream', name);
    expect(headers).toMatchObject({ 'content-encoding': name, vary: 'Accept-Encoding' });
    expect(headers['content-length']).toBeUndefined();
    expect(decoders[name](rawPayload).toString()).toBe(large + large);
  });

  it('that fails before anything was sent is a failure that can be read', async () => {
    const { statusCode, headers, payload } = await get('/broken', 'gzip');
    expect([statusCode, headers['content-encoding']]).toEqual([500, undefined]);
    expect(payload).toContain('The books are closed.');
  });

  it('is written no faster than it is read, and ends with who reads it', async () => {
    const address = app.server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const stop = new AbortController();
    const response = await fetch(`http://127.0.0.1:${address.port}/endless`, {
      headers: { 'accept-encoding': 'gzip' },
      signal: stop.signal,
    });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    await response.body?.getReader().read();
    await eventually('nothing more to be made while others are served', async () => {
      const before = made;
      for (let others = 0; others < 20; others += 1) await get('/stream', 'gzip');
      return made === before;
    });
    expect(ended).toBe(0);
    stop.abort();
    await eventually('its end', () => ended === 1);
  });
});

describe('the encoding', () => {
  it.each([
    ['gzip, deflate', 'gzip'],
    ['gzip, deflate, br', 'br'],
    ['gzip, deflate, br, zstd', 'zstd'],
    ['GZIP', 'gzip'],
    ['br;q=0.5, gzip;q=0.8', 'gzip'],
    ['gzip;q=0', undefined],
    ['gzip;q=0.5, identity', undefined],
    ['identity;q=0.5, gzip', 'gzip'],
    ['deflate', undefined],
    ['compress, x-unknown', undefined],
    // "Anything" is said by programs that have not thought of what they can read.
    ['*', undefined],
    ['', undefined],
    ['gzip;q=many', undefined],
    [',;=,q', undefined],
  ])('for "%s" is %s', (accepted, name) => {
    expect(chooseEncoding(accepted)?.name).toBe(name);
  });
});
