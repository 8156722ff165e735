import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { cleanPicture } from '../../../src/platform/pictures/clean-picture.ts';
import { withColourProfile } from '../../../src/platform/pictures/png-colours.ts';
import { resizePicture } from '../../../src/platform/pictures/resize-picture.ts';
import { pixelsOf } from '../../support/containers.ts';
import { withPngChunk } from '../../support/pictures.ts';

const scale = 100_000;
const numbers = (...all: readonly number[]) => {
  const body = Buffer.alloc(all.length * 4);
  all.forEach((each, at) => {
    body.writeUInt32BE(Math.round(each * scale), at * 4);
  });
  return body;
};
const white = [0.3127, 0.329];
const srgb = numbers(...white, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06);
const adobe = numbers(...white, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06);

const colour = { r: 128, g: 64, b: 200 };
const plain = (background: { r: number; g: number; b: number } = colour) =>
  sharp({ create: { width: 8, height: 8, channels: 3, background } });
const told = (png: Buffer, chunks: Readonly<Record<string, Buffer>>) =>
  Object.entries(chunks).reduce((bytes, [name, body]) => withPngChunk(bytes, name, body), png);
const limits = { maxPixels: 1_000_000 };

/** How sRGB numbers a light of 0 to 1. */
const encode = (light: number) =>
  Math.round(255 * (light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055));
/** What a viewer shows that knows the gamma of a file. */
const seen = (gamma: number) => Object.values(colour).map((each) => encode((each / 255) ** gamma));

async function expectShown(bytes: Buffer, wanted: readonly number[]): Promise<void> {
  const written = [
    (await cleanPicture(bytes, limits)).bytes,
    await resizePicture(bytes, { width: 4, format: 'PNG' }),
    await resizePicture(bytes, { width: null, format: 'WEBP' }),
  ];
  for (const each of written) {
    expect((await sharp(each).metadata()).hasProfile).toBe(false);
    const found = [...(await pixelsOf(each)).subarray(0, 3)];
    // WebP is written with a loss.
    const apart = found.map((value, at) => Math.abs(value - (wanted[at] ?? Infinity)));
    expect({ found, wanted, isClose: Math.max(...apart) <= 4 }).toMatchObject({ isClose: true });
  }
}

describe('the colours of a PNG that is written anew are those that it tells', () => {
  it.each([
    ['a gamma of 1', { gAMA: numbers(1) }, seen(1)],
    ['a gamma of 1.8', { gAMA: numbers(1 / 1.8) }, seen(1.8)],
    ['a gamma of 1.8 with the primaries of sRGB', { gAMA: numbers(1 / 1.8), cHRM: srgb }, seen(1.8)],
    // The light of Adobe RGB's numbers, by its published matrix.
    ['the primaries of Adobe RGB', { gAMA: numbers(1 / 2.2), cHRM: adobe }, [146, 62, 205]],
  ])('%s', async (_, chunks, wanted) => {
    await expectShown(told(await plain().png().toBuffer(), chunks), wanted);
    await expectShown(told(await plain().png({ palette: true }).toBuffer(), chunks), wanted);
    await expectShown(told(await plain().toColourspace('rgb16').png().toBuffer(), chunks), wanted);
  });

  it('a gamma of greys', async () => {
    const greys = await plain({ r: 128, g: 128, b: 128 }).toColourspace('b-w').png().toBuffer();
    const wanted = encode(128 / 255);
    await expectShown(told(greys, { gAMA: numbers(1) }), [wanted, wanted, wanted]);
  });

  it('a profile of 16 bits', async () => {
    const profiled = await plain().toColourspace('rgb16').withIccProfile('p3').png().toBuffer();
    expect((await sharp(profiled).metadata()).depth).toBe('ushort');
    await expectShown(profiled, Object.values(colour));
  });
});

describe('a PNG stays as it is', () => {
  it.each([
    ['that tells nothing', {}],
    ['with the gamma of sRGB', { gAMA: numbers(0.45455) }],
    ['with that and the primaries of sRGB', { gAMA: numbers(0.45455), cHRM: srgb }],
    ['that is said to be sRGB', { gAMA: numbers(1), sRGB: Buffer.alloc(1) }],
    ['with a profile', { gAMA: numbers(1), iCCP: Buffer.alloc(1) }],
    ['with a gamma of nothing', { gAMA: numbers(0) }],
    ['with a gamma that is cut', { gAMA: Buffer.alloc(2) }],
    ['with primaries that are none', { cHRM: numbers(0, 0, 0, 0, 0, 0, 0, 0) }],
  ])('%s', async (_, chunks) => {
    const bytes = told(await plain().png().toBuffer(), chunks);
    expect(withColourProfile(bytes)).toBe(bytes);
  });

  it('and so do other bytes, and a PNG that is cut', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('x'), await plain().jpeg().toBuffer()])
      expect(withColourProfile(bytes)).toBe(bytes);
    const png = told(await plain().png().toBuffer(), { gAMA: numbers(1) });
    for (const size of [8, 20, 33, 40]) {
      const cut = png.subarray(0, size);
      expect(withColourProfile(cut)).toBe(cut);
    }
  });

  it('primaries on one line are those of sRGB', async () => {
    const line = numbers(...white, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3);
    const bytes = told(await plain().png().toBuffer(), { gAMA: numbers(1), cHRM: line });
    await expectShown(bytes, seen(1));
  });
});
