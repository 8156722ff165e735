import { expect, it } from '@jest/globals';
import sharp from 'sharp';
import { drawContactSheet, wrapWords } from '../../src/demo/contact-sheet.ts';

it.each([
  ['Consistent Character AI Neolemon V3', 24, ['Consistent Character AI', 'Neolemon V3']],
  ['Consistent Character', 24, ['Consistent Character']],
  ['Mara', 3, ['Mara']],
])('%j is broken into lines of %d letters', (text, letters, lines) => {
  expect(wrapWords(text, letters)).toEqual(lines);
});

it('no title reaches into the pictures or the words beside it', async () => {
  const picture = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'black' } })
    .png()
    .toBuffer();
  const group = {
    title: 'Consistent Character AI Neolemon V3',
    caption: '$0.58, 4.6 s',
    pictures: [picture],
  };
  const sheet = await drawContactSheet('Heading', [group, group, group, group]);
  const { data, info } = await sharp(sheet).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const isBare = (x: number) =>
    Array.from({ length: info.height - 1 }, (_, y) => {
      const at = (y * info.width + x) * info.channels;
      return [...data.subarray(at, at + 3)].join();
    }).filter((colour, y) => y > 110 && colour !== '247,244,236').length === 0;
  // Between the columns, and left and right of them, nothing is drawn from the top to the bottom.
  const bare = Array.from({ length: info.width }, (_, x) => x).filter(isBare);
  const gaps = bare.filter((x, at) => at === 0 || x !== (bare[at - 1] ?? 0) + 1);
  expect(gaps).toHaveLength(5);
});
