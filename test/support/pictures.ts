import { deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

/** Noise, so that every format has many bytes to lose. */
export function noise(size = 64): Sharp {
  const pixels = Buffer.from(
    Uint8Array.from({ length: size * size * 3 }, (_, at) => (at * at * 31 + at) % 251),
  );
  return sharp(pixels, { raw: { width: size, height: size, channels: 3 } });
}

/** A PNG chunk with its length and checksum. */
export function pngChunk(name: string, body: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(name), body]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(body.length, 0);
  frame.writeUInt32BE(crc32(typed), 4);
  return Buffer.concat([frame.subarray(0, 4), typed, frame.subarray(4)]);
}

/** A PNG that claims to be as wide and high as it says, one bit a pixel, in a few kilobytes. */
export function pngBomb(size: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([1, 0, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(Buffer.alloc((Math.ceil(size / 8) + 1) * size))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Puts a chunk right behind a PNG's header. */
export function withPngChunk(png: Buffer, name: string, body: Buffer): Buffer {
  return Buffer.concat([png.subarray(0, 33), pngChunk(name, body), png.subarray(33)]);
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** A picture that no other number has: a PNG, with a comment in it. */
export function numbered(png: Buffer, number: number): Buffer {
  const comment = pngChunk('tEXt', Buffer.from(`Comment\0${number}`));
  // Before the last chunk, which has twelve bytes.
  return Buffer.concat([png.subarray(0, -12), comment, png.subarray(-12)]);
}

/** Bytes of a value, by the number of its type in a TIFF. */
const tiffSizes: Readonly<Record<number, number>> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  7: 1,
  9: 4,
  11: 4,
  12: 8,
};
/** Where strips and tiles begin. */
const tiffOffsets = [273, 324];

/**
 * A TIFF of one page, with its directory moved from the end, where the picture library writes it, before the pixels. Cut
 * short it loses pixels, and not the directory.
 */
export function directoryFirst(tiff: Buffer): Buffer {
  const directory = tiff.readUInt32LE(4);
  const tail = tiff.subarray(directory);
  const moved = Buffer.concat([tiff.subarray(0, 8), tail, tiff.subarray(8, directory)]);
  const placeOf = (at: number) => (at >= directory ? at - directory + 8 : at + tail.length);
  moved.writeUInt32LE(8, 4);
  for (let index = 0; index < moved.readUInt16LE(8); index += 1) {
    const entry = 10 + index * 12;
    const count = moved.readUInt32LE(entry + 4);
    let values = entry + 8;
    if ((tiffSizes[moved.readUInt16LE(entry + 2)] ?? 1) * count > 4) {
      const place = placeOf(moved.readUInt32LE(values));
      moved.writeUInt32LE(place, values);
      values = place;
    }
    if (!tiffOffsets.includes(moved.readUInt16LE(entry))) continue;
    for (let at = values; at < values + count * 4; at += 4)
      moved.writeUInt32LE(placeOf(moved.readUInt32LE(at)), at);
  }
  return moved;
}
