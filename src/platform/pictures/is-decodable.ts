import { nameType } from './name-type.ts';

/** An AVIF file may name HEIF, the family of its container, first. */
const decoded = [
  'image/jpeg',
  'image/png',
  'image/webp',
  'image/gif',
  'image/avif',
  'image/heif',
  'image/tiff',
];
/** In bytes. The library takes a file with a longer first box, or with an odd length of it, for another format. */
const longestBox = 2_048;

/**
 * Whether the picture library may read the bytes. The library chooses a decoder by their beginning, and passes bytes
 * that no other decoder accepts to its SVG decoder, which may need any amount of memory and time. So the bytes must
 * begin exactly like one of the formats that are decoded.
 */
export function isDecodable(bytes: Buffer): boolean {
  const name = nameType(bytes);
  if (name !== 'image/avif' && name !== 'image/heif') return decoded.includes(name);
  const box = bytes.readUInt32BE(0);
  return box <= longestBox && box % 4 === 0;
}
