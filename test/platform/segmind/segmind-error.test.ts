import { expect, it } from '@jest/globals';
import { SegmindError } from '../../../src/platform/segmind/segmind-error.ts';

it.each([
  [
    'Hostname does not match: DNS:evil\0\u001b[31m\r\nexample',
    'Hostname does not match: DNS:evil [31m example',
  ],
  [`${'a '.repeat(249)}a😀`, `${'a '.repeat(249)}a`],
  ['half \ud83d', 'half \ufffd'],
  ['\0', null],
  [null, null],
])('a detail of whatever origin can be stored and shown: %j', (detail, kept) => {
  const error = new SegmindError({ code: 'NOT_CONNECTED', meaning: 'RETRY', detail });
  expect(error.detail).toBe(kept);
  expect(error.message).toBe(`Segmind: NOT_CONNECTED${kept === null ? '' : `: ${kept}`}`);
});
