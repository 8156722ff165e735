import { expect, it } from '@jest/globals';
import sharp from 'sharp';
import { resizePicture } from '../../../src/platform/pictures/resize-picture.ts';
import { noise } from '../../support/pictures.ts';

const limits = { maxPixels: 1_000_000 };

it.each([
  ['WEBP', 'webp'],
  ['JPEG', 'jpeg'],
  ['PNG', 'png'],
  ['AVIF', 'heif'],
  [null, 'png'],
])('writes %s, scaled down and never up', async (format, decoded) => {
  const png = await noise().png().toBuffer();
  for (const [asked, got] of [
    [32, 32],
    [64, 64],
    [500, 64],
    [null, 64],
  ]) {
    const { bytes, contentType } = await resizePicture(png, { width: asked ?? null, format }, limits);
    const facts = await sharp(bytes).metadata();
    expect([facts.format, facts.width, contentType]).toEqual([
      decoded,
      got,
      `image/${decoded === 'heif' ? 'avif' : decoded}`,
    ]);
  }
});

it('refuses to unpack more pixels than allowed', async () => {
  const png = await noise(128).png().toBuffer();
  await expect(resizePicture(png, { width: 16, format: 'WEBP' }, { maxPixels: 1_000 })).rejects.toThrow(
    /pixel limit/,
  );
});
