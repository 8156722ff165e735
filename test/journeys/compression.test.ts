import { get } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { adminKey, Dramatis } from '../support/dramatis.ts';

let dramatis: Dramatis;
let projectId: string;
let picture: string;
beforeAll(async () => {
  dramatis = await Dramatis.start();
  const cast = await dramatis.cast();
  projectId = cast.projectId;
  const { images } = await dramatis.settle(await dramatis.generate(cast.characterId));
  picture = new URL(images[0]?.image.url ?? '').pathname + new URL(images[0]?.image.url ?? '').search;
});
afterAll(() => dramatis.stop());

/** With the headers given and no others: `fetch` always accepts something. */
async function ask(path: string, headers: Record<string, string> = {}) {
  const authorization = `Bearer ${adminKey}`;
  const all = { authorization, 'apollo-require-preflight': 'yes', accept: '*/*', ...headers };
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    get(`${dramatis.url}${path}`, { headers: all }, resolve).on('error', reject);
  });
  return { headers: response.headers, body: await buffer(response) };
}

const script = async () => {
  const page = await ask('/graphql', { accept: 'text/html' });
  const [, src = ''] = /src="([^"]+\.js)"/.exec(String(page.body)) ?? [];
  return new URL(src, `${dramatis.url}/graphql`).pathname;
};

it.each<[string, () => string | Promise<string>]>([
  ['an answer', () => `/graphql?query=${encodeURIComponent(getIntrospectionQuery())}`],
  ['an export', () => `/exports/generations.csv?projectId=${projectId}`],
  ["the explorer's script", script],
])('%s is compressed only for clients that accept it', async (_, pathOf) => {
  const path = await pathOf();
  const plain = await ask(path);
  const { vary } = plain.headers;
  expect([plain.headers['content-encoding'], String(vary)]).toEqual([
    undefined,
    expect.not.stringContaining('Encoding'),
  ]);
  const smaller = await ask(path, { 'accept-encoding': 'gzip' });
  expect(smaller.headers).toMatchObject({
    'content-encoding': 'gzip',
    'content-type': plain.headers['content-type'],
    vary: [vary ?? [], 'Accept-Encoding'].flat().join(', '),
  });
  const [before, after] = [plain.body, gunzipSync(smaller.body)].map((body) =>
    // The points that are left differ from response to response.
    String(body).replace(/"remaining":\d+/, ''),
  );
  expect(after).toBe(before);
});

it('a picture is never compressed again', async () => {
  const { headers, body } = await ask(picture, { 'accept-encoding': 'gzip, br, zstd' });
  expect([headers['content-encoding'], headers['content-length']]).toEqual([undefined, String(body.length)]);
});
