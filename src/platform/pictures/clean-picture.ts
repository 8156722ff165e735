import type { Sharp } from 'sharp';
import {
  type FailOn,
  inspectHeader,
  isWhole,
  openPicture,
  type PictureHeader,
  type PictureLimits,
} from './inspect-picture.ts';
import { nameType } from './name-type.ts';
import { PictureRefused, refuseFormat } from './picture-refused.ts';
import { factsOfType, isPictureType, type PictureType } from './picture-type.ts';

/*
 * Cameras and programs write places and names into pictures: into comments, chunks of their own, between markers and
 * behind the end. A list of what to remove is never complete, so each upload is decoded, turned upright, converted
 * to sRGB and written again. The price is one more compression of a JPEG, at quality 95; PNG, GIF and lossless WebP
 * lose nothing. Decoding takes most of the time of an upload, so a picture is decoded once: the decoder that finds
 * nothing missing has its pixels already. Bytes that are stored already are taken as they are, so a picture can go out
 * and come back. What the provider delivers is kept byte for byte.
 */

/** A picture with its facts. */
export interface Picture {
  readonly bytes: Buffer;
  readonly facts: PictureHeader;
}

/** Users expect these types to be still pictures, so an animation is refused instead of cut to one frame. */
const stillTypes: readonly PictureType[] = ['image/png', 'image/webp'];

/**
 * Makes a picture from an upload that holds only its pixels: decoded, turned upright, in sRGB, and encoded again. So no
 * list of data to remove can be incomplete, and no data stays between markers, in unknown chunks or behind the end.
 * From an animated GIF or AVIF the first frame is taken. Throws PictureRefused for an upload that is not accepted.
 */
export async function cleanPicture(bytes: Buffer, limits: PictureLimits): Promise<Picture> {
  const named = nameType(bytes);
  if (isPictureType(named) && !factsOfType(named).isUploadable) throw refuseFormat(named);
  const header = await inspectHeader(bytes, limits);
  const isRefused = header.isAnimated && stillTypes.includes(header.contentType);
  const written = isRefused ? null : await writeStill(bytes, 'truncated').catch(() => null);
  if (written) return written;
  // Something is wrong, so what is wrong decides, at the price of more decoding.
  const hasAllPixels = await isWhole(bytes, header, limits);
  if (isRefused)
    throw new PictureRefused('ANIMATED', 'The picture is animated; only still pictures are taken.');
  if (!hasAllPixels) throw new PictureRefused('DAMAGED', 'The picture is damaged or ends too early.');
  return writeStill(bytes);
}

/**
 * Encodes the first frame of a picture again, with its pixels only, in a format that the provider accepts. A picture
 * with lossless compression stays lossless. Throws when the decoder meets what `failOn` says.
 */
export async function writeStill(bytes: Buffer, failOn: FailOn = 'none'): Promise<Picture> {
  const picture = await openPicture(bytes, failOn);
  const { mediaType, hasAlpha, space } = await picture.metadata();
  const isGrey = space === 'b-w' || space === 'grey16';
  const upright = picture.autoOrient().toColourspace(isGrey ? 'b-w' : 'srgb');
  const still = encode(upright, {
    isLossy: mediaType === 'image/jpeg' || mediaType === 'image/avif' || isLossyWebp(bytes),
    isWebp: mediaType === 'image/webp' || (mediaType === 'image/avif' && hasAlpha),
  });
  const { data, info } = await still.toBuffer({ resolveWithObject: true });
  const { width, height, size: sizeBytes, format } = info;
  const contentType = `image/${format}`;
  if (!isPictureType(contentType)) throw new TypeError(`A still picture cannot be ${contentType}.`);
  return {
    bytes: data,
    facts: { contentType, width, height, sizeBytes, isAnimated: false },
  };
}

function encode(picture: Sharp, { isLossy, isWebp }: { isLossy: boolean; isWebp: boolean }): Sharp {
  if (isWebp) return picture.webp({ quality: 95, effort: 2, lossless: !isLossy });
  return isLossy ? picture.jpeg({ quality: 95, chromaSubsampling: '4:4:4' }) : picture.png();
}

/**
 * Whether a WebP is lossy. Its chunks follow a header of 12 bytes; the name of the first chunk with pixels shows it.
 */
function isLossyWebp(bytes: Buffer): boolean {
  if (bytes.toString('latin1', 8, 12) !== 'WEBP') return false;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = bytes.toString('latin1', at, at + 4);
    if (name === 'VP8 ' || name === 'VP8L') return name === 'VP8 ';
    const size = bytes.readUInt32LE(at + 4);
    at += 8 + size + (size % 2);
  }
  return false;
}
