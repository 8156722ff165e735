import { expect, it } from '@jest/globals';
import { servedFormat } from '../../../src/platform/pictures/served-format.ts';

it.each([
  // What browsers show is served as it is stored.
  ['image/jpeg', null, null, null],
  ['image/gif', null, null, null],
  ['image/avif', null, null, null],
  // What they do not show is not.
  ['image/tiff', null, null, 'WEBP'],
  ['image/of-the-future', null, null, 'WEBP'],
  // Scaled, it keeps its format where we write it.
  ['image/png', 64, null, 'PNG'],
  ['image/avif', 64, null, 'AVIF'],
  ['image/gif', 64, null, 'WEBP'],
  ['image/tiff', 64, null, 'WEBP'],
  ['image/jpeg', null, 'PNG', 'PNG'],
  ['image/tiff', 64, 'JPEG', 'JPEG'],
] as const)('%s, %p wide as %p, is written as %p', (storedType, width, format, written) => {
  expect(servedFormat(storedType, { width, format })).toBe(written);
});
