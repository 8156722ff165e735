import { nameType } from './name-type.ts';

/** HEIF is the container of AVIF, which may name the family of formats first. */
const decoded = [
  'image/jpeg',
  'image/png',
  'image/webp',
  'image/gif',
  'image/avif',
  'image/heif',
  'image/tiff',
];
/** In bytes: the library takes a longer first box, or an odd one, for another format. */
const longestBox = 2_048;

/**
 * Whether the picture library may look at bytes. It chooses how to read them by their beginning, and offers what nothing
 * else takes to its reader of SVG, which takes any amount of memory and time. So what it reads must begin exactly as one
 * of the formats that are decoded.
 */
export function isDecodable(bytes: Buffer): boolean {
  const name = nameType(bytes);
  if (name !== 'image/avif' && name !== 'image/heif') return decoded.includes(name);
  const box = bytes.readUInt32BE(0);
  return box <= longestBox && box % 4 === 0;
}
