import { expect, it } from '@jest/globals';
import sharp from 'sharp';
import { nameType } from '../../../src/platform/pictures/name-type.ts';

const drawn = (format: 'jpeg' | 'png' | 'webp' | 'gif' | 'avif' | 'tiff') =>
  sharp({ create: { width: 4, height: 4, channels: 3, background: '#123' } })
    .toFormat(format)
    .toBuffer();

it.each([
  ['jpeg', 'image/jpeg'],
  ['png', 'image/png'],
  ['webp', 'image/webp'],
  ['gif', 'image/gif'],
  ['avif', 'image/avif'],
  ['tiff', 'image/tiff'],
] as const)('names %s', async (format, contentType) => {
  expect(nameType(await drawn(format))).toBe(contentType);
});

it.each([
  ['', 'application/octet-stream'],
  ['RIFF0000WAVEfmt ', 'application/octet-stream'],
  ['\0\0\0\x20ftypisom', 'application/octet-stream'],
  ['\0\0\0\x20ftypheic', 'image/heif'],
  ['\0\0\0\x20ftyphevc', 'image/heif'],
  ['\0\0\0\x20ftypheim', 'image/heif'],
  ['\0\0\0\x20ftyphevs', 'image/heif'],
  ['\0\0\0\x20ftypmif1', 'image/heif'],
  ['\0\0\0\x0cjP  \r\n', 'image/jp2'],
  ['<?xml version="1.0"?>\n<svg>', 'image/svg+xml'],
  [' \n{"error": "no"}', 'application/json'],
  ['<!DOCTYPE html><html>', 'text/html'],
  ['<svg xmlns="x">', 'image/svg+xml'],
  ['plain words', 'application/octet-stream'],
])('names what begins with %j', (text, contentType) => {
  expect(nameType(Buffer.from(text, 'latin1'))).toBe(contentType);
});
