import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { inspectPicture } from '../../../src/platform/pictures/inspect-picture.ts';
import { resizePicture } from '../../../src/platform/pictures/resize-picture.ts';
import { formats, isPictureFormat } from '../../../src/platform/pictures/served-format.ts';
import { noise } from '../../support/pictures.ts';
import { isThorough } from '../../support/thorough.ts';

const limits = { maxPixels: 67_108_864 };
const names = Object.keys(formats).filter(isPictureFormat);

it.each(names)('writes %s, scaled down and never up', async (format) => {
  const png = await noise().png().toBuffer();
  for (const [asked, got] of [
    [32, 32],
    [64, 64],
    [500, 64],
    [null, 64],
  ]) {
    const bytes = await resizePicture(png, { width: asked ?? null, format });
    const { mediaType, width } = await sharp(bytes).metadata();
    expect([mediaType, width]).toEqual([formats[format].contentType, got]);
  }
});

/** Around the limits of each encoder, and lines of one pixel. */
const shapes: readonly (readonly [number, number])[] = [
  [1, 1],
  [16_383, 3],
  [16_384, 3],
  [16_385, 3],
  [3, 16_385],
  [65_500, 2],
  [65_501, 2],
  [2, 65_536],
  [70_000, 100],
  [1_000_000, 1],
  [1, 100_000],
  ...(isThorough ? ([[100, 70_000]] as const) : []),
];
/** Without and with transparency. */
const channelCounts = isThorough ? ([3, 4] as const) : ([4] as const);
const widths = isThorough ? [16, 1_000, 4_096, null] : [1_000, null];

describe.each(shapes)('a picture of %d x %d', (width, height) => {
  const shape = (channels: 3 | 4) =>
    sharp({ create: { width, height, channels, background: '#08f8' } })
      .png()
      .toBuffer();

  it.each(names)(
    'is served as %s at every width that is asked for, no side longer than the format has',
    async (format) => {
      const { longestSide } = formats[format];
      for (const channels of channelCounts) {
        const original = await shape(channels);
        for (const asked of widths) {
          const bytes = await resizePicture(original, { width: asked, format });
          const facts = await inspectPicture(bytes, limits);
          const scale = Math.min(1, longestSide / Math.max(width, height), (asked ?? Infinity) / width);
          expect(facts.contentType).toBe(formats[format].contentType);
          expect(facts.isWhole).toBe(true);
          expect(Math.abs(facts.width - Math.max(1, width * scale))).toBeLessThanOrEqual(1);
          expect(Math.abs(facts.height - Math.max(1, height * scale))).toBeLessThanOrEqual(1);
          expect(Math.max(facts.width, facts.height)).toBeLessThanOrEqual(longestSide);
        }
      }
    },
  );
});
