import { expect, it } from '@jest/globals';
import sharp from 'sharp';
import { sendablePicture } from '../../../src/platform/pictures/sendable-picture.ts';
import { noise, withPngChunk } from '../../support/pictures.ts';

it.each(['jpeg', 'png', 'webp'] as const)('a still %s is sent as it is', async (format) => {
  const bytes = await noise()[format]().toBuffer();
  const sent = await sendablePicture(bytes, `image/${format}`);
  expect(sent.bytes).toBe(bytes);
  expect(sent.contentType).toBe(`image/${format}`);
});

it.each([
  ['image/gif', 'image/png', () => noise().gif().toBuffer()],
  ['image/avif', 'image/jpeg', () => noise().avif().toBuffer()],
  ['image/tiff', 'image/png', () => noise().tiff().toBuffer()],
  [
    'image/png',
    'image/png',
    async () => withPngChunk(await noise().png().toBuffer(), 'acTL', Buffer.from([0, 0, 0, 2, 0, 0, 0, 0])),
  ],
  [
    'image/webp',
    'image/webp',
    async () => {
      const frames = await Promise.all(
        [noise(64), noise(64).negate()].map((frame) => frame.png().toBuffer()),
      );
      return sharp(frames, { join: { animated: true } })
        .webp()
        .toBuffer();
    },
  ],
] as const)(
  'what the provider does not take, such as an odd %s, is sent as a still %s',
  async (stored, sent, make) => {
    const bytes = await make();
    const still = await sendablePicture(bytes, stored);
    expect(still.contentType).toBe(sent);
    const { mediaType, width, height, pages = 1 } = await sharp(still.bytes).metadata();
    expect({ mediaType, width, height, pages }).toEqual({ mediaType: sent, width: 64, height: 64, pages: 1 });
    expect(still.bytes.includes('acTL')).toBe(false);
  },
);

it('one that cannot be written anew is sent as it is', async () => {
  const bytes = (await noise().avif().toBuffer()).subarray(0, 100);
  expect(await sendablePicture(bytes, 'image/avif')).toEqual({ bytes, contentType: 'image/avif' });
});
