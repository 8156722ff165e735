import { describe, expect, it } from '@jest/globals';
import sharp, { type Sharp } from 'sharp';
import { cleanPicture } from '../../../src/platform/pictures/clean-picture.ts';
import { picturesWithMetadata, pixelsOf, told } from '../../support/containers.ts';
import { noise, pngChunk, withPngChunk } from '../../support/pictures.ts';

const limits = { maxPixels: 1_000_000 };
const clean = async (bytes: Buffer) => (await cleanPicture(bytes, limits)).bytes;
/** How far two pictures are apart where they differ most: 0 to 255. */
const distance = (one: Buffer, other: Buffer) =>
  one.reduce((most, value, at) => Math.max(most, Math.abs(value - (other[at] ?? Infinity))), 0);

const inputs = await picturesWithMetadata();

describe('a picture that tells more than its pixels', () => {
  it.each(inputs)('%s: nothing is left of it, and it looks the same', async (where, bytes) => {
    const { bytes: cleaned, facts } = await cleanPicture(bytes, limits);
    // The text may have been written compressed: what is left is asked for by name as well.
    const { exif, xmp, iptc, icc, comments, format, width } = await sharp(cleaned).metadata();
    expect({ exif, xmp, iptc, icc, comments, width }).toEqual({ width: 64 });
    expect(cleaned.includes(told)).toBe(false);
    expect(cleaned.length).toBe(facts.sizeBytes);
    expect(`image/${format}`).toBe(facts.contentType);
    const isLossless = /^(png|lossless|gif)/.test(where);
    expect(distance(await pixelsOf(cleaned), await pixelsOf(bytes))).toBeLessThanOrEqual(isLossless ? 0 : 60);
  });

  it('is found in each of these inputs, or was written compressed', () => {
    const silent = inputs.filter(([where, bytes]) => !bytes.includes(told) && where !== 'png zTXt');
    expect(silent).toEqual([]);
  });
});

it.each(['jpeg', 'png', 'webp'] as const)('writes the same bytes for the same %s', async (format) => {
  const bytes = await noise()[format]().toBuffer();
  expect((await clean(bytes)).equals(await clean(bytes))).toBe(true);
});

it.each(['jpeg', 'png', 'webp', 'gif', 'avif'] as const)('decodes a %s once', async (format) => {
  const bytes = await noise()[format]().toBuffer();
  let changes = 0;
  const count = () => {
    changes += 1;
  };
  /** How often the queue of the library changes: for reading pixels, and not for reading a header. */
  const changesIn = async (work: () => Promise<unknown>) => {
    changes = 0;
    await work();
    return changes;
  };
  sharp.queue.on('change', count);
  try {
    const once = await changesIn(() => sharp(bytes).raw().toBuffer());
    expect(once).toBeGreaterThan(0);
    expect(await changesIn(() => cleanPicture(bytes, limits))).toBe(once);
  } finally {
    sharp.queue.off('change', count);
  }
});

describe('what is seen stays right', () => {
  it.each([
    ['jpeg', 2, 'image/jpeg'],
    ['jpeg', 6, 'image/jpeg'],
    ['jpeg', 8, 'image/jpeg'],
    ['webp', 6, 'image/webp'],
    ['png', 6, 'image/png'],
  ] as const)('%s turned by %d is upright', async (format, orientation, contentType) => {
    const halves = halved([0, 0, 255], [255, 0, 0]);
    const turned = await halves.withMetadata({ orientation })[format]().toBuffer();
    const { bytes, facts } = await cleanPicture(turned, limits);
    expect((await sharp(bytes).metadata()).orientation).toBeUndefined();
    const seen = await sharp(turned).autoOrient().raw().toBuffer({ resolveWithObject: true });
    expect(facts).toMatchObject({ contentType, width: seen.info.width, height: seen.info.height });
    expect(distance(await pixelsOf(bytes), seen.data)).toBeLessThan(60);
  });

  it('the colours of a profile are those of sRGB, without the profile', async () => {
    const vivid = sharp({ create: { width: 8, height: 8, channels: 3, background: '#c03060' } });
    const bytes = await vivid.withIccProfile('p3').png().toBuffer();
    // As a viewer that ignores the profile would show it.
    const unmanaged = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
    const [red, green, blue] = await pixelsOf(await clean(bytes));
    expect(Math.abs(Number(unmanaged[0]) - 0xc0)).toBeGreaterThan(4);
    for (const [found, wanted] of [
      [red, 0xc0],
      [green, 0x30],
      [blue, 0x60],
    ])
      expect(Math.abs(Number(found) - Number(wanted))).toBeLessThan(3);
  });

  it.each(['cmyk', 'b-w'] as const)('%s becomes what every viewer shows', async (space) => {
    const bytes = await noise().toColourspace(space).jpeg().toBuffer();
    const cleaned = await clean(bytes);
    expect(distance(await pixelsOf(cleaned), await pixelsOf(bytes))).toBeLessThan(60);
    const { space: cleanedSpace, channels } = await sharp(cleaned).metadata();
    expect([cleanedSpace, channels]).toEqual(space === 'b-w' ? ['b-w', 1] : ['srgb', 3]);
  });

  it.each([
    ['png', 'image/png'],
    ['webp', 'image/webp'],
    ['gif', 'image/png'],
    ['avif', 'image/webp'],
  ] as const)('%s keeps its transparency', async (format, contentType) => {
    const half = halved([0, 0, 255, 0], [255, 0, 0, 255]);
    const { bytes, facts } = await cleanPicture(await half[format]().toBuffer(), limits);
    expect(facts.contentType).toBe(contentType);
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    expect(info.channels).toBe(4);
    expect([data[3], data[4 * 19 + 3]]).toEqual([0, 255]);
  });
});

describe('an animation', () => {
  const frames = async () =>
    sharp(await Promise.all(['red', 'blue'].map((background) => solid(background))), {
      join: { animated: true },
    });
  const control = Buffer.from([0, 0, 0, 2, 0, 0, 0, 0]);

  it('as GIF is taken as its first frame', async () => {
    const { bytes, facts } = await cleanPicture(await (await frames()).gif().toBuffer(), limits);
    expect(facts).toMatchObject({ contentType: 'image/png', width: 8, height: 8 });
    expect([...(await pixelsOf(bytes)).subarray(0, 3)]).toEqual([255, 0, 0]);
  });

  it('as WebP or PNG is refused, whatever hides it', async () => {
    const png = await noise().png().toBuffer();
    const plain = withPngChunk(png, 'acTL', control);
    for (const hidden of [
      await (await frames()).webp().toBuffer(),
      plain,
      withPngChunk(plain, 'prVt', Buffer.from('a word: IDAT')),
      withPngChunk(
        plain,
        'tEXt',
        Buffer.concat([Buffer.from('Comment\0'), pngChunk('IDAT', Buffer.alloc(4))]),
      ),
    ]) {
      await expect(cleanPicture(hidden, limits)).rejects.toMatchObject({ code: 'ANIMATED' });
    }
  });

  it('is none because a word looks like one', async () => {
    const png = await noise().png().toBuffer();
    const { facts } = await cleanPicture(withPngChunk(png, 'tEXt', Buffer.from('Comment\0acTL')), limits);
    expect(facts.contentType).toBe('image/png');
  });
});

describe('what is no upload', () => {
  it.each([
    ['TIFF', () => noise().tiff().toBuffer()],
    ['SVG', async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
    ['SVG', async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    [
      'HEIC',
      async () =>
        Buffer.concat([Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), Buffer.alloc(400)]),
    ],
    [
      'HEIC',
      async () =>
        Buffer.concat([Buffer.from('\0\0\0\x18ftyphevc\0\0\0\0msf1hevc', 'latin1'), Buffer.alloc(400)]),
    ],
    ['BMP', async () => Buffer.concat([Buffer.from('BM'), Buffer.alloc(400)])],
    ['JXL', async () => Buffer.concat([Buffer.from('\xff\x0a', 'latin1'), Buffer.alloc(400)])],
  ])('%s is refused by its name', async (name, make) => {
    await expect(cleanPicture(await make(), limits)).rejects.toMatchObject({
      code: 'NOT_A_PICTURE',
      message: expect.stringMatching(new RegExp(`^${name} pictures are not taken`)),
    });
  });
});

describe('a picture that is cut', () => {
  it.each([
    ['jpeg', 2],
    ['png', 12],
    ['gif', 1],
  ] as const)('%s is taken without the mark of its end', async (format, end) => {
    const bytes = await noise()[format]().toBuffer();
    const cut = bytes.subarray(0, bytes.length - end);
    expect(distance(await pixelsOf(await clean(cut)), await pixelsOf(bytes))).toBeLessThan(60);
  });

  it.each(['jpeg', 'png', 'webp', 'gif', 'avif'] as const)(
    '%s is refused without some of its pixels',
    async (format) => {
      const bytes = await noise()[format]().toBuffer();
      for (const share of [0.1, 0.5, 0.9, 0.97]) {
        const cut = bytes.subarray(0, Math.floor(bytes.length * share));
        await expect(cleanPicture(cut, limits)).rejects.toMatchObject({ code: 'DAMAGED' });
      }
    },
  );
});

/** 20 x 10 pixels, the left half of one colour and the right half of another. */
function halved(left: readonly number[], right: readonly number[]): Sharp {
  const row = [...Array(10).fill(left), ...Array(10).fill(right)].flat();
  const channels = left.length === 4 ? 4 : 3;
  return sharp(Buffer.from(Array(10).fill(row).flat()), { raw: { width: 20, height: 10, channels } });
}

function solid(background: string): Promise<Buffer> {
  return sharp({ create: { width: 8, height: 8, channels: 3, background } })
    .png()
    .toBuffer();
}
