import type { PictureType } from './sniff-picture.ts';

/**
 * Where a picture really ends, by walking its own structure; null when its bytes stop before that. What follows
 * the end, a page or an archive, is not picture. Decoders forgive a missing end and a tail; the formats do not.
 */
export function pictureEnd(bytes: Buffer, contentType: PictureType): number | null {
  if (contentType === 'image/png') return pngEnd(bytes);
  if (contentType === 'image/jpeg') return jpegEnd(bytes);
  return webpEnd(bytes);
}

/** Chunks of length, name, body and checksum, up to IEND. */
function pngEnd(bytes: Buffer): number | null {
  for (let at = 8; at + 12 <= bytes.length; ) {
    const name = bytes.toString('latin1', at + 4, at + 8);
    at += 12 + bytes.readUInt32BE(at);
    if (name === 'IEND') return at <= bytes.length ? at : null;
  }
  return null;
}

/** A RIFF container tells its own size. */
function webpEnd(bytes: Buffer): number | null {
  const end = bytes.length < 12 ? Infinity : bytes.readUInt32LE(4) + 8;
  return end <= bytes.length ? end : null;
}

const endOfImage = 0xd9;
const startOfScan = 0xda;

/** Segments up to a scan, the scan's data up to the next marker, and so on up to the end marker. */
function jpegEnd(bytes: Buffer): number | null {
  let at = 2;
  while (at + 2 <= bytes.length) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1] ?? 0;
    // Any number of 0xff may stand before a marker.
    if (marker === 0xff) at += 1;
    else if (marker === endOfImage) return at + 2;
    else if (isBare(marker)) at += 2;
    else if (at + 4 > bytes.length) return null;
    else {
      at += 2 + bytes.readUInt16BE(at + 2);
      if (marker === startOfScan) at = nextMarker(bytes, at);
    }
  }
  return null;
}

/** Markers without a body: restarts, and one for arithmetic coding. */
function isBare(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
}

/** Within a scan 0xff is data when 0 follows, and a restart is no end of it. */
function nextMarker(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at !== -1; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1] ?? 0;
    if (next !== 0 && next !== 0xff && !isBare(next)) return at;
  }
  return bytes.length;
}
