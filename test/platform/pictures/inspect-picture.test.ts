import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { inspectPicture, PictureRefused } from '../../../src/platform/pictures/inspect-picture.ts';
import { noise, pngBomb, withPngChunk } from '../../support/pictures.ts';

const limits = { maxPixels: 67_108_864, maxBytes: 20_000_000 };
const encoders = {
  jpeg: () => noise().jpeg().toBuffer(),
  'progressive jpeg': () => noise().jpeg({ progressive: true }).toBuffer(),
  png: () => noise().png().toBuffer(),
  'interlaced png': () => noise().png({ progressive: true }).toBuffer(),
  webp: () => noise().webp().toBuffer(),
  'lossless webp': () => noise().webp({ lossless: true }).toBuffer(),
};

async function refusal(bytes: Buffer, more = {}): Promise<string> {
  const error = await inspectPicture(bytes, { ...limits, ...more }).catch((thrown: unknown) => thrown);
  return error instanceof PictureRefused ? error.code : String(error);
}

describe.each(Object.entries(encoders))('%s', (name, encode) => {
  it('is taken as it is, by its bytes', async () => {
    const bytes = await encode();
    const contentType = `image/${name.split(' ').at(-1)}`;
    expect(await inspectPicture(bytes, limits)).toEqual({
      contentType,
      width: 64,
      height: 64,
      sizeBytes: bytes.length,
    });
  });

  it('is refused wherever it ends too early', async () => {
    const bytes = await encode();
    for (const share of [0.1, 0.5, 0.9, 0.99]) {
      expect(await refusal(bytes.subarray(0, Math.floor(bytes.length * share)))).toBe('DAMAGED');
    }
    expect(await refusal(bytes.subarray(0, -1))).toBe('DAMAGED');
  });
});

describe('what is not a still picture of a bearable size', () => {
  it('names what it is instead', async () => {
    const frames = await Promise.all(['red', 'blue'].map((background) => solid(background)));
    const animation = sharp(frames, { join: { animated: true } });
    const still = await noise().png().toBuffer();
    const animationControl = Buffer.from([0, 0, 0, 2, 0, 0, 0, 0]);
    expect(await refusal(Buffer.alloc(0))).toBe('EMPTY');
    expect(await refusal(still, { maxBytes: still.length - 1 })).toBe('TOO_LARGE');
    expect(await refusal(await animation.gif().toBuffer())).toBe('NOT_A_PICTURE');
    expect(await refusal(await animation.webp().toBuffer())).toBe('ANIMATED');
    expect(await refusal(withPngChunk(still, 'acTL', animationControl))).toBe('ANIMATED');
    expect(await refusal(await noise().tiff().toBuffer())).toBe('NOT_A_PICTURE');
    expect(await refusal(await noise().avif().toBuffer())).toBe('NOT_A_PICTURE');
    expect(await refusal(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))).toBe('NOT_A_PICTURE');
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

  it('a picture with broken pixels is damaged, though its frame is whole', async () => {
    const png = await noise().png().toBuffer();
    png.fill(0x55, 60, 300);
    expect(await refusal(png)).toBe('DAMAGED');
  });
});

it('tells width and height as shown: a camera that was turned is counted in', async () => {
  const turned = await sharp({ create: { width: 20, height: 10, channels: 3, background: 'teal' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  expect(await inspectPicture(turned, limits)).toMatchObject({ width: 10, height: 20 });
});

function solid(background: string): Promise<Buffer> {
  return sharp({ create: { width: 8, height: 8, channels: 3, background } })
    .png()
    .toBuffer();
}
