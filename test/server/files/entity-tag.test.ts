import { expect, it } from '@jest/globals';
import { hasEntityTag } from '../../../src/server/files/entity-tag.ts';

it.each([
  ['"abc-512-WEBP"', true],
  ['W/"abc-512-WEBP"', true],
  ['"x", "abc-512-WEBP"', true],
  ['"x",W/"abc-512-WEBP" ,"y"', true],
  ['  "abc-512-WEBP"  ', true],
  ['*', true],
  [undefined, false],
  ['', false],
  [',,,', false],
  ['"abc-512-webp"', false],
  ['"abc-512-WEBP', false],
  ['abc-512-WEBP', false],
  ['w/"abc-512-WEBP"', false],
  ['W/W/"abc-512-WEBP"', false],
  ['"x abc-512-WEBP"', false],
  ['"*"', false],
  ['*, "x"', false],
  ['"a"'.repeat(4_000), false],
])('If-None-Match: %s', (header, has) => {
  expect(hasEntityTag(header, '"abc-512-WEBP"')).toBe(has);
});
