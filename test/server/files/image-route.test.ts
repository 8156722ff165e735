import { createSecretKey } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { signImageUrl } from '../../../src/features/images/image-url.ts';
import { Dramatis } from '../../support/dramatis.ts';

let dramatis: Dramatis;
let storage: string;
let url: { plain: string; small: string; jpeg: string; avif: string; png: string };
let length: number;
beforeAll(async () => {
  dramatis = await Dramatis.start();
  storage = join(dramatis.environment.DATA_DIR ?? '', 'storage');
  const { characterId } = await dramatis.cast();
  const { character } = await dramatis.get(
    `query ($id: ID!) { character(id: $id) { referenceImages(first: 1) { image { sizeBytes
      plain: url small: url(width: 32, format: WEBP) jpeg: url(format: JPEG) avif: url(format: AVIF) png: url(width: 20, format: PNG) } } } }`,
    { id: characterId },
  );
  url = character.referenceImages[0].image;
  length = character.referenceImages[0].image.sizeBytes;
});
afterAll(() => dramatis.stop());

/** With these headers and no others: `fetch` adds some of its own. */
async function ask(address: string, headers: Record<string, string | string[]> = {}, method = 'GET') {
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    request(address, { method, headers }, resolve).on('error', reject).end();
  });
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
}

async function files(below = storage): Promise<string[]> {
  const found = await readdir(below, { recursive: true, withFileTypes: true });
  return found.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
}

/** Work that must not need what is stored. */
async function withoutStorage(work: () => Promise<void>): Promise<void> {
  await rename(storage, `${storage}-away`);
  try {
    await work();
  } finally {
    await rename(`${storage}-away`, storage);
  }
}

/** Other bytes in the place of every picture, and no variant of any. */
async function replacingBlobs(bytes: Buffer, work: () => Promise<void>): Promise<void> {
  const paths = (await files(join(storage, 'projects'))).filter((path) => /\/(blobs|variants)\//.test(path));
  for (const path of paths) await rename(path, `${path}.away`);
  try {
    for (const path of paths) if (path.includes('/blobs/')) await writeFile(path, bytes);
    await work();
  } finally {
    for (const path of paths) await rename(`${path}.away`, path);
  }
}

/** A header, but for the seconds that are left. */
const steady = (header: unknown) =>
  typeof header === 'string' ? header.replace(/max-age=\d+/, 'max-age') : header;

describe('a picture that the client has', () => {
  it.each([
    ['its tag', (etag: string) => etag],
    ['its tag, made weak by a proxy', (etag: string) => `W/${etag}`],
    ['one of several', (etag: string) => `"other",${etag} ,  W/"another"`],
    ['several headers', (etag: string) => ['"other"', etag]],
    ['any', () => '*'],
  ])('is not sent again to who names %s', async (_, name) => {
    const whole = await ask(url.plain);
    const again = await ask(url.plain, { 'if-none-match': name(whole.headers.etag ?? '') });
    expect([again.status, again.body.length, again.headers['content-type']]).toEqual([304, 0, undefined]);
    for (const header of ['etag', 'cache-control', 'content-security-policy', 'access-control-allow-origin'])
      expect([header, steady(again.headers[header])]).toEqual([
        header,
        steady(whole.headers[header]) ?? 'told',
      ]);
  });

  it('is not read, and a variant that was not asked for yet is not made', async () => {
    const { etag = '' } = (await ask(url.plain)).headers;
    const before = await files();
    await withoutStorage(async () => {
      expect((await ask(url.plain, { 'if-none-match': etag })).status).toBe(304);
      expect((await ask(url.avif, { 'if-none-match': '*' })).status).toBe(304);
      expect((await ask(url.avif, {}, 'HEAD')).status).toBe(200);
      expect((await ask(url.plain)).status).toBe(503);
    });
    expect(await files()).toEqual(before);
  });

  it.each<[string, (tag: string) => string]>([
    ...['"other"', 'W/"other"', '', ',,,', '"', '"*"', '*, "x"', 'x'.repeat(10_000), '"a"'.repeat(3_000)].map(
      (text) => [text.slice(0, 20), () => text] as [string, () => string],
    ),
    ['the tag that is not closed', (tag) => tag.slice(0, -1)],
    ['the tag without quotes', (tag) => tag.replaceAll('"', '')],
    ['the tag in lower case, weakly', (tag) => `w/${tag}`],
    ['the tag, weakly twice', (tag) => `W/W/${tag}`],
    ['the tag within another', (tag) => `"x ${tag.slice(1)}`],
  ])('is sent to who names something else: %s', async (_, name) => {
    const { etag = '' } = (await ask(url.plain)).headers;
    const { status, body } = await ask(url.plain, { 'if-none-match': name(etag) });
    expect([status, body.length]).toEqual([200, length]);
  });

  it('has a tag of its own for each width and format, the same each time', async () => {
    const tags = async () =>
      Promise.all([url.plain, url.small, url.jpeg].map(async (each) => (await ask(each)).headers.etag));
    const first = await tags();
    expect(new Set(first).size).toBe(3);
    expect(await tags()).toEqual(first);
  });
});

describe('HEAD', () => {
  /** A second may have passed between two answers. */
  const steady = (header: unknown) => String(header).replace(/max-age=[1-9]\d*/, 'max-age=some');
  it('tells what GET tells, without the picture', async () => {
    for (const address of [url.plain, url.small]) {
      const [whole, head] = [await ask(address), await ask(address, {}, 'HEAD')];
      expect([head.status, head.body.length]).toEqual([200, 0]);
      for (const header of ['etag', 'content-type', 'cache-control', 'x-content-type-options'])
        expect([header, steady(head.headers[header])]).toEqual([header, steady(whole.headers[header])]);
    }
    expect((await ask(url.plain, {}, 'HEAD')).headers['content-length']).toBe(String(length));
    // Its length is not known before it is made; 0 would be a lie.
    expect((await ask(url.small, {}, 'HEAD')).headers['content-length']).toBeUndefined();
  });

  it('is answered with 304 and 403 as well', async () => {
    expect((await ask(url.plain, { 'if-none-match': '*' }, 'HEAD')).status).toBe(304);
    expect((await ask(url.plain.replace(/sig=.{5}/, 'sig=AAAAA'), {}, 'HEAD')).status).toBe(403);
  });
});

describe('a request for a picture', () => {
  it.each([
    ['a range', { range: 'bytes=0-9' }],
    ['ranges without end', { range: 'bytes=0-,0-,0-,0-' }],
    ['a range of something else', { range: 'lines=1-2', 'if-range': '"other"' }],
    ['a date', { 'if-modified-since': new Date().toUTCString() }],
    ['a wish for compression', { 'accept-encoding': 'gzip, br' }],
  ])('with %s is answered with all of it', async (_, headers) => {
    const answer = await ask(url.plain, headers);
    expect([answer.status, answer.body.length]).toEqual([200, length]);
    expect([answer.headers['content-range'], answer.headers['content-encoding']]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('without our signature, or for what is gone, is never "not modified"', async () => {
    const forged = await ask(url.plain.replace(/sig=.{5}/, 'sig=AAAAA'), { 'if-none-match': '*' });
    expect([forged.status, forged.headers.etag]).toEqual([403, undefined]);
    const [setting] = await dramatis.database.query(
      "SELECT value FROM settings WHERE name = 'image-url-key'",
    );
    const gone = signImageUrl(createSecretKey(String(setting?.value), 'hex'), {
      publicUrl: dramatis.url,
      imageId: '00000000-0000-4000-8000-000000000000',
      width: null,
      format: null,
      now: new Date(),
      lifetimeMs: 60_000,
    });
    expect((await ask(gone, { 'if-none-match': '*' })).status).toBe(404);
  });

  it('that fails is not kept by caches', async () => {
    await replacingBlobs(Buffer.from('nothing that one could look at'), async () => {
      const broken = await ask(url.png);
      expect(broken.status).toBeGreaterThanOrEqual(400);
      expect([broken.headers.etag, broken.headers['cache-control']]).not.toContainEqual(
        expect.stringMatching(/immutable|"/),
      );
    });
  });
});

describe('the log', () => {
  const logged = (text: string) =>
    dramatis.secrets.logged.map((line) => JSON.parse(line)).filter(({ msg }) => String(msg).includes(text));

  it('tells a missing picture once, however often it is asked for', async () => {
    const paths = (await files(join(storage, 'projects'))).filter((path) =>
      /\/(blobs|variants)\//.test(path),
    );
    for (const path of paths) await rename(path, `${path}.away`);
    try {
      for (let times = 0; times < 3; times += 1) expect((await ask(url.plain)).status).toBe(404);
    } finally {
      for (const path of paths) await rename(`${path}.away`, path);
    }
    expect(logged('a stored picture is missing')).toHaveLength(1);
  });

  it.each([
    ['of no format', Buffer.from('nothing that one could look at')],
    ['without bytes', Buffer.alloc(0)],
    // The decoder is begun with it, and fails.
    ['cut after its beginning', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
  ])('tells a picture %s once, and each request what is wrong with it', async (_, bytes) => {
    await replacingBlobs(bytes, async () => {
      for (const address of [url.png, url.png, url.avif]) {
        const { status, headers, body } = await ask(address);
        expect([status, headers['cache-control'], JSON.parse(String(body))]).toEqual([
          404,
          'no-store',
          { error: { code: 'DAMAGED', message: expect.stringContaining('damaged') } },
        ]);
      }
    });
    expect(logged('a request failed')).toEqual([]);
    const told = logged('a stored picture cannot be decoded');
    expect(told).toHaveLength(1);
    expect(told[0]).not.toHaveProperty('err');
  });

  it('tells a folder in the place of a picture as a storage that is away', async () => {
    const paths = (await files(join(storage, 'projects'))).filter((path) =>
      /\/(blobs|variants)\//.test(path),
    );
    for (const path of paths) await rename(path, `${path}.away`);
    for (const path of paths) await mkdir(path);
    try {
      for (const address of [url.plain, url.png])
        expect([await ask(address)]).toMatchObject([{ status: 503 }]);
    } finally {
      for (const path of paths) await rm(path, { recursive: true });
      for (const path of paths) await rename(`${path}.away`, path);
    }
    expect(logged('a request failed')).toEqual([]);
  });

  it('tells a storage that is away once, and no request by itself', async () => {
    const before = logged('a request failed').length;
    await withoutStorage(async () => {
      for (let times = 0; times < 3; times += 1) expect((await ask(url.plain)).status).toBe(503);
    });
    expect(logged('requests for pictures cannot be served')).toHaveLength(1);
    expect(logged('a request failed')).toHaveLength(before);
  });
});
