import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { cleanPicture } from '../../../src/platform/pictures/clean-picture.ts';
import { noise, withPngChunk } from '../../support/pictures.ts';

const maxPixels = 1_000_000;
const gps = {
  IFD0: { Copyright: 'canary' },
  IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 3230/100' },
};
const formats = ['jpeg', 'png', 'webp'] as const;

describe.each(formats)('%s', (format) => {
  it('without anything to hide stays byte for byte', async () => {
    const bytes = await noise()[format]().toBuffer();
    expect(await cleanPicture(bytes, maxPixels)).toBe(bytes);
  });

  it('loses where and by whom it was taken', async () => {
    const told = await noise().withExif(gps)[format]().toBuffer();
    expect((await sharp(told).metadata()).exif).toBeDefined();
    const clean = await cleanPicture(told, maxPixels);
    const { exif, xmp, iptc, width, format: kept } = await sharp(clean).metadata();
    expect({ exif, xmp, iptc, width, kept }).toEqual({ width: 64, kept: format });
    expect(clean.includes('canary')).toBe(false);
  });

  it('loses what hangs on behind its end, even a tail that ends like a picture', async () => {
    const bytes = await noise()[format]().toBuffer();
    for (const tail of ['PK\x03\x04 an archive', '<script>canary()</script>']) {
      const ends = [Buffer.from([0xff, 0xd9]), Buffer.from('\0\0\0\0IEND\xae\x42\x60\x82', 'latin1')];
      for (const end of [Buffer.alloc(0), ...ends]) {
        const clean = await cleanPicture(Buffer.concat([bytes, Buffer.from(tail), end]), maxPixels);
        expect(clean.includes(tail)).toBe(false);
        expect((await sharp(clean).metadata()).width).toBe(64);
      }
    }
  });
});

it('loses the words in a PNG', async () => {
  const png = withPngChunk(await noise().png().toBuffer(), 'tEXt', Buffer.from('parameters\0canary'));
  expect((await cleanPicture(png, maxPixels)).includes('canary')).toBe(false);
});

it('is turned upright', async () => {
  const turned = await sharp({ create: { width: 20, height: 10, channels: 3, background: 'teal' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  const { width, height, orientation } = await sharp(await cleanPicture(turned, maxPixels)).metadata();
  expect({ width, height, orientation }).toEqual({ width: 10, height: 20 });
});
