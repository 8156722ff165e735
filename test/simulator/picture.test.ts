import { expect, it } from '@jest/globals';
import sharp from 'sharp';
import { drawPicture } from '../../src/simulator/picture.ts';
import { randomTexts } from '../support/texts.ts';

const request = {
  slug: 'consistent-character',
  seed: 7,
  index: 0,
  width: 64,
  height: 64,
  format: 'jpeg',
  quality: 80,
  references: [],
};

it('draws whatever the prompt holds, also what XML has no character for', async () => {
  const odd = ['a\uffffb', 'a\ufffeb', 'a\ud800', '\0', ']]>&<"', `${'x'.repeat(57)}😀😀`, '\u{1ffff}'];
  for (const prompt of [...odd, ...randomTexts(8, 60)]) {
    const { width, height } = await sharp(await drawPicture({ ...request, prompt })).metadata();
    expect([width, height]).toEqual([64, 64]);
  }
});
