import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { inspectPicture, openPicture } from '../../../src/platform/pictures/inspect-picture.ts';
import { PictureRefused } from '../../../src/platform/pictures/picture-refused.ts';
import { directoryFirst, noise, pngBomb, withPngChunk } from '../../support/pictures.ts';

const limits = { maxPixels: 67_108_864, maxBytes: 20_000_000 };
const encoders = {
  jpeg: () => noise().jpeg().toBuffer(),
  'progressive jpeg': () => noise().jpeg({ progressive: true }).toBuffer(),
  png: () => noise().png().toBuffer(),
  'interlaced png': () => noise().png({ progressive: true }).toBuffer(),
  webp: () => noise().webp().toBuffer(),
  'lossless webp': () => noise().webp({ lossless: true }).toBuffer(),
  gif: () => noise().gif().toBuffer(),
  avif: () => noise().avif().toBuffer(),
  tiff: () => noise().tiff({ compression: 'lzw' }).toBuffer(),
};

async function refusal(bytes: Buffer, more = {}): Promise<string> {
  const error = await inspectPicture(bytes, { ...limits, ...more }).catch((thrown: unknown) => thrown);
  return error instanceof PictureRefused ? error.code : String(error);
}

describe.each(Object.entries(encoders))('%s', (name, encode) => {
  it('is a picture, by its bytes', async () => {
    const bytes = await encode();
    const contentType = `image/${name.split(' ').at(-1)}`;
    expect(await inspectPicture(bytes, limits)).toEqual({
      contentType,
      width: 64,
      height: 64,
      sizeBytes: bytes.length,
      isAnimated: false,
      isWhole: true,
    });
  });

  it('is never whole without some of its pixels', async () => {
    const bytes = await encode();
    for (const share of [0.1, 0.5, 0.9, 0.97]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share));
      const facts = await inspectPicture(cut, limits).catch((error: unknown) => error);
      expect(facts).not.toMatchObject({ isWhole: true });
      if (facts instanceof Error) expect(facts).toBeInstanceOf(PictureRefused);
    }
  });
});

it.each(['jpeg', 'png', 'gif'] as const)(
  'half a %s is a picture of which a part is missing',
  async (format) => {
    const bytes = await noise(256)[format]().toBuffer();
    const facts = await inspectPicture(bytes.subarray(0, bytes.length / 2), limits);
    expect(facts).toMatchObject({ width: 256, height: 256, isWhole: false });
  },
);

it.each(['jpeg', 'lzw', 'deflate', 'packbits', 'none', 'webp'] as const)(
  'a TIFF with %s is not whole without some of its strips, and its beginning is shown',
  async (compression) => {
    const bytes = directoryFirst(await noise(400).tiff({ compression }).toBuffer());
    expect(await inspectPicture(bytes, limits)).toMatchObject({ contentType: 'image/tiff', isWhole: true });
    for (const share of [0.1, 0.5, 0.9, 0.995]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share));
      expect(await inspectPicture(cut, limits)).toMatchObject({ width: 400, isWhole: false });
    }
  },
);

it('a TIFF with tiles is refused without some of them', async () => {
  const tiles = { tile: true, tileWidth: 64, tileHeight: 64 };
  const bytes = directoryFirst(
    await noise(400)
      .tiff({ compression: 'jpeg', ...tiles })
      .toBuffer(),
  );
  expect(await inspectPicture(bytes, limits)).toMatchObject({ isWhole: true });
  expect(await refusal(bytes.subarray(0, bytes.length * 0.9))).toBe('DAMAGED');
});

it.each([18, 1, 5_000])('%d stray bytes between the markers of a JPEG are forgiven', async (count) => {
  const bytes = await noise().jpeg().toBuffer();
  const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]));
  const stray = Buffer.concat([bytes.subarray(0, frame), Buffer.alloc(count), bytes.subarray(frame)]);
  expect(await inspectPicture(stray, limits)).toMatchObject({ width: 64, isWhole: true });
});

describe('what might be an SVG', () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
  it.each([
    ['plain', Buffer.from(svg)],
    ['declared', Buffer.from(`<?xml version="1.0"?>\n${svg}`)],
    ['compressed', gzipSync(svg)],
    ['behind a comment', Buffer.from(`<!-- -->${svg}`)],
    ['behind spaces', Buffer.from(`   ${svg}`)],
    [
      'behind the box of another format',
      Buffer.concat([Buffer.from([0, 0, 0, 3]), Buffer.from(`ftypavif${svg}`)]),
    ],
    [
      'behind a box that is too long',
      Buffer.concat([Buffer.from([0, 1, 0, 0]), Buffer.from(`ftypmif1${svg}`)]),
    ],
  ])('is never given to the reader of SVG: %s', async (_, bytes) => {
    // The library would read it.
    if (!bytes.includes('ftyp')) expect((await sharp(bytes).metadata()).format).toBe('svg');
    expect(await refusal(bytes)).toBe('NOT_A_PICTURE');
    await expect(openPicture(bytes)).rejects.toThrow(PictureRefused);
  });

  it('costs no memory, whatever it holds', async () => {
    const bomb = gzipSync(`${svg.slice(0, -2)}>${`<text>${'a'.repeat(1_000_000)}</text>`.repeat(60)}</svg>`);
    const before = process.memoryUsage().rss;
    expect(await refusal(bomb)).toBe('NOT_A_PICTURE');
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1_048_576);
  });
});

describe('what is no picture of a bearable size', () => {
  it('names what it is instead', async () => {
    const still = await noise().png().toBuffer();
    expect(await refusal(Buffer.alloc(0))).toBe('EMPTY');
    expect(await refusal(still, { maxBytes: still.length - 1 })).toBe('TOO_LARGE');
    expect(await refusal(Buffer.from('no picture at all'))).toBe('NOT_A_PICTURE');
    expect(await refusal(Buffer.from([0xff, 0xd8, 0xff]))).toBe('DAMAGED');
    expect(await refusal(Buffer.from('RIFF....WEBP'))).toBe('DAMAGED');
  });

  it('counts pixels before it unpacks any: bombs cost no memory', async () => {
    const bombs = [pngBomb(16_000), pngBomb(30_000)];
    const before = process.memoryUsage().rss;
    let highest = before;
    for (const bomb of bombs) {
      expect(await refusal(bomb)).toBe('TOO_MANY_PIXELS');
      highest = Math.max(highest, process.memoryUsage().rss);
    }
    expect(highest - before).toBeLessThan(64 * 1_048_576);
  });

  it('counts the longest side as well', async () => {
    const line = await sharp({ create: { width: 1_000_001, height: 1, channels: 3, background: 'teal' } })
      .png()
      .toBuffer();
    expect(await refusal(line)).toBe('TOO_MANY_PIXELS');
  });

  it('a picture with broken pixels is not whole, though its frame is', async () => {
    const png = await noise().png().toBuffer();
    png.fill(0x55, 60, 300);
    const facts = await inspectPicture(png, limits).catch((error: unknown) => error);
    expect(facts).not.toMatchObject({ isWhole: true });
  });
});

it('tells width and height as shown: a camera that was turned is counted in', async () => {
  const turned = await sharp({ create: { width: 20, height: 10, channels: 3, background: 'teal' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  expect(await inspectPicture(turned, limits)).toMatchObject({ width: 10, height: 20 });
});

it('tells that there are more frames than the first, and its size', async () => {
  const frames = await Promise.all(
    ['red', 'blue'].map((background) =>
      sharp({ create: { width: 8, height: 8, channels: 3, background } })
        .png()
        .toBuffer(),
    ),
  );
  const animation = sharp(frames, { join: { animated: true } });
  const still = await noise().png().toBuffer();
  const animatedPng = withPngChunk(still, 'acTL', Buffer.from([0, 0, 0, 2, 0, 0, 0, 0]));
  for (const bytes of [await animation.gif().toBuffer(), await animation.webp().toBuffer()])
    expect(await inspectPicture(bytes, limits)).toMatchObject({ isAnimated: true, width: 8, height: 8 });
  expect(await inspectPicture(animatedPng, limits)).toMatchObject({ isAnimated: true });
});
