import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { z } from 'zod';
import { picturesWithMetadata, told } from '../support/containers.ts';
import { type DeliveringProvider, startDeliveringProvider } from '../support/delivering-provider.ts';
import { adminKey, Dramatis } from '../support/dramatis.ts';
import type { Selected } from '../support/operations/read.ts';
import { noise } from '../support/pictures.ts';

let provider: DeliveringProvider;
let dramatis: Dramatis;
let projectId: string;
let characterId: string;
beforeAll(async () => {
  provider = await startDeliveringProvider();
  dramatis = await Dramatis.start({
    environment: { SEGMIND_BASE_URL: provider.url, SEGMIND_RETENTION_MS: '2000' },
  });
  dramatis.onStop(() => provider.close());
  ({ projectId, characterId } = await dramatis.cast());
});
afterAll(() => dramatis.stop());

const imageFields = `id contentType width height sizeBytes originalUrl url
  webp: url(format: WEBP) jpeg: url(format: JPEG) png: url(format: PNG) avif: url(format: AVIF)
  small: url(width: 16) smallWebp: url(width: 16, format: WEBP) smallAvif: url(width: 16, format: AVIF)`;
type Picture = Selected<'Image', `{ ${typeof imageFields} }`>;

async function read(address: string) {
  const response = await fetch(address);
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes };
}

/** Every address of a picture leads to one of the type that its answer names. */
async function expectServed(image: Picture): Promise<void> {
  const wanted = { webp: 'image/webp', jpeg: 'image/jpeg', png: 'image/png', avif: 'image/avif' };
  const addresses = {
    ...wanted,
    small: undefined,
    smallWebp: 'image/webp',
    smallAvif: 'image/avif',
    url: undefined,
  };
  for (const [name, contentType] of Object.entries(addresses)) {
    const { status, headers, bytes } = await read(image[name as keyof typeof addresses]);
    const { mediaType } = await sharp(bytes).metadata();
    expect([name, status, headers.get('content-type')]).toEqual([name, 200, mediaType]);
    if (contentType) expect([name, mediaType]).toEqual([name, contentType]);
    expect(headers.get('content-disposition')).toBe('inline');
  }
}

async function deliver(...all: Buffer[]) {
  const addresses = all.map((body, index) => {
    const name = `${provider.submits}-${index}`;
    provider.files.set(name, { body });
    return `${provider.url}/files/${name}`;
  });
  provider.result = { body: { output: addresses } };
  return settled();
}

async function settled() {
  const id = await dramatis.generate(characterId);
  await dramatis.settle(id);
  const { generation } = await dramatis.get(
    `query ($id: ID!) { generation(id: $id) {
      status images { index image { ${imageFields} } } outputProblems { index code url } } }`,
    { id },
  );
  return generation;
}

const frames = async () =>
  sharp(await Promise.all([noise(), noise().negate()].map((frame) => frame.png().toBuffer())), {
    join: { animated: true },
  });
const outputs: Record<string, () => Promise<Buffer>> = {
  'image/avif': () => noise().avif().toBuffer(),
  'image/gif': async () => (await frames()).gif().toBuffer(),
  'image/webp': async () => (await frames()).webp().toBuffer(),
  'image/tiff': () => noise().tiff().toBuffer(),
  'image/jpeg': async () => {
    const bytes = await noise().jpeg().toBuffer();
    const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]));
    return Buffer.concat([bytes.subarray(0, frame), Buffer.alloc(18), bytes.subarray(frame)]);
  },
};

describe('an output that the picture library decodes', () => {
  it.each(Object.entries(outputs))('%s is a picture, served in every format', async (contentType, make) => {
    const bytes = await make();
    const { status, images, outputProblems } = await deliver(bytes);
    expect([status, outputProblems]).toEqual(['COMPLETED', []]);
    const { image } = images[0];
    expect(image).toMatchObject({ contentType, sizeBytes: bytes.length });
    await expectServed(image);
    const original = await read(image.originalUrl);
    expect(original.bytes.equals(bytes)).toBe(true);
    expect(original.headers.get('content-disposition')).toMatch(
      /^attachment; filename="[0-9a-f-]{36}\.[a-z]{3,4}"$/,
    );
    expect(original.headers.get('content-type')).toBe(contentType);
  });

  it('as the bytes of the answer itself is one as well', async () => {
    provider.isSynchronous = true;
    for (const contentType of ['image/avif', 'image/tiff']) {
      provider.result = { body: (await outputs[contentType]?.()) ?? Buffer.alloc(0) };
      const { status, images } = await settled();
      expect([status, images[0]?.image.contentType]).toEqual(['COMPLETED', contentType]);
    }
    provider.isSynchronous = false;
  });

  it('only in part is shown in part, and said to be so', async () => {
    const bytes = await noise(256).jpeg().toBuffer();
    const half = bytes.subarray(0, bytes.length / 2);
    const { status, images, outputProblems } = await deliver(await noise().png().toBuffer(), half);
    expect(status).toBe('COMPLETED');
    expect(images.map(({ index }) => index)).toEqual([0, 1]);
    expect(outputProblems).toEqual([{ index: 1, code: 'DAMAGED', url: expect.any(String) }]);
    await expectServed(images[1].image);
    expect((await read(outputProblems[0].url)).bytes.equals(half)).toBe(true);
  });

  it('is sent to the provider in a format that its documents name', async () => {
    for (const contentType of ['image/gif', 'image/avif', 'image/tiff']) {
      const { images } = await deliver((await outputs[contentType]?.()) ?? Buffer.alloc(0));
      const { addReferenceImage } = await dramatis.get(
        `mutation ($input: AddReferenceImageInput!) {
          addReferenceImage(input: $input) { referenceImage { id } userErrors { message } } }`,
        { input: { characterId, kind: 'FACE', source: { imageId: images[0].image.id } } },
      );
      expect(addReferenceImage.userErrors).toEqual([]);
      provider.uploads.length = 0;
      await deliver(await noise().png().toBuffer());
      expect(provider.uploads).toHaveLength(1);
      expect(provider.uploads[0]).toMatch(/^data:image\/(jpeg|png|webp);base64,/);
      const sent = Buffer.from(provider.uploads[0]?.replace(/^data:[^,]*,/, '') ?? '', 'base64');
      expect(provider.uploads[0]).toContain((await sharp(sent).metadata()).mediaType);
    }
  });
});

describe('an upload', () => {
  async function upload(bytes: Buffer): Promise<Picture> {
    const response = await fetch(`${dramatis.url}/images?projectId=${projectId}`, {
      method: 'POST',
      body: new Uint8Array(bytes),
      headers: { authorization: `Bearer ${adminKey}` },
    });
    expect(response.status).toBe(201);
    const { id } = z.object({ id: z.string() }).parse(await response.json());
    const { node } = await dramatis.get(
      `query ($id: ID!) { node(id: $id) { ... on Image { ${imageFields} } } }`,
      { id },
    );
    return node;
  }

  it.each([
    ['avif', 'image/jpeg'],
    ['gif', 'image/png'],
  ] as const)('as %s is taken', async (format, contentType) => {
    const image = await upload(await noise(80)[format]().toBuffer());
    expect(image.contentType).toBe(contentType);
    await expectServed(image);
  });

  it.each([
    [36_861, 790, 'jpeg'],
    [70_000, 100, 'png'],
    [20, 17_000, 'png'],
  ] as const)('of %d x %d is served in every format at every width', async (width, height, format) => {
    const bytes = await sharp({ create: { width, height, channels: 3, background: 'teal' } })
      [format]()
      .toBuffer();
    const image = await upload(bytes);
    expect(image).toMatchObject({ width, height });
    await expectServed(image);
  });

  it('tells nothing but its pixels, at any of its addresses', async () => {
    for (const [where, bytes] of await picturesWithMetadata()) {
      const image = await upload(bytes);
      for (const name of ['url', 'originalUrl', 'webp', 'small'] as const)
        expect([where, name, (await read(image[name])).bytes.includes(told)]).toEqual([where, name, false]);
    }
  });

  it('of bytes that the project has is the same picture', async () => {
    const image = await upload(await noise(96).jpeg().toBuffer());
    const again = await upload((await read(image.originalUrl)).bytes);
    expect(again.id).toBe(image.id);
  });
});
