import sharp, { type Metadata, type Sharp } from 'sharp';
import { mostImagePixels } from '../../settings/config.ts';
import { isDecodable } from './is-decodable.ts';
import { nameType } from './name-type.ts';
import { PictureRefused, refuseFormat } from './picture-refused.ts';
import { isPictureType, type PictureType } from './picture-type.ts';
import { isAnimatedPng } from './png-chunks.ts';
import { withColourProfile } from './png-colours.ts';

/*
 * An output was paid for, so everything that the picture library decodes becomes a picture. When a part of it is
 * missing the rest is shown, and the run says so. The stored bytes stay what they were (`originalUrl`); JPEG, PNG,
 * WebP, GIF and AVIF are served as they are, everything else as WebP. Uploads are stricter: pixels must not be
 * missing, and TIFF is not taken. An SVG is never decoded: it is a program, and takes memory and time without a
 * limit. The picture library finds out the format by itself, so only bytes that begin exactly as another format are
 * given to it.
 */

/** Facts that are read from the beginning of a picture, without its pixels. */
export interface PictureHeader {
  readonly contentType: PictureType;
  /** As shown, after the rotation of the camera. */
  readonly width: number;
  readonly height: number;
  readonly sizeBytes: number;
  /** Whether it has more than one frame. Only the first frame is read. */
  readonly isAnimated: boolean;
}

/** Facts that are read from all bytes of a picture. */
export interface PictureFacts extends PictureHeader {
  /** False when pixels are missing: the decoder fills them in. */
  readonly isWhole: boolean;
}

export interface PictureLimits {
  readonly maxPixels: number;
  readonly maxBytes?: number;
}

/** The longest side of a picture, in pixels. Some encoders, and scaling, fail for longer lines. */
const longestSide = 1_000_000;

/** What stops the decoder: nothing, pixels that are missing, or any error. What does not stop it is filled in. */
export type FailOn = 'none' | 'truncated' | 'error';

/**
 * Opens the first frame of a picture for reading, in its own colours. The configured limit of pixels is not checked
 * again, because it may have been lowered since the picture was accepted.
 */
export async function openPicture(bytes: Buffer, failOn: FailOn = 'none'): Promise<Sharp> {
  if (!isDecodable(bytes)) throw new PictureRefused('NOT_A_PICTURE', 'The bytes are not a picture.');
  const picture = sharp(withColourProfile(bytes), {
    limitInputPixels: mostImagePixels,
    failOn,
    sequentialRead: true,
    animated: false,
  });
  // The library converts by a profile to sRGB, but pixels of 16 bits to Display P3, and writes no profile into the
  // result.
  const { space, hasProfile } = await picture.metadata();
  return space === 'rgb16' && hasProfile ? picture.withIccProfile('srgb', { attach: false }) : picture;
}

/**
 * Inspects a picture: first its type and its size by its header, and only when both are accepted its pixels, once, so
 * that a stored picture can be shown. All bytes that the picture library decodes are a picture. Throws PictureRefused.
 */
export async function inspectPicture(bytes: Buffer, limits: PictureLimits): Promise<PictureFacts> {
  const header = await inspectHeader(bytes, limits);
  return { ...header, isWhole: await isWhole(bytes, header, limits) };
}

/** Inspects the type and the size of a picture by its header. Throws PictureRefused. */
export async function inspectHeader(
  bytes: Buffer,
  { maxPixels, maxBytes = Infinity }: PictureLimits,
): Promise<PictureHeader> {
  if (bytes.length === 0) throw new PictureRefused('EMPTY', 'There are no bytes.');
  if (bytes.length > maxBytes) {
    throw new PictureRefused(
      'TOO_LARGE',
      `The picture has ${bytes.length} bytes; at most ${maxBytes} are taken.`,
    );
  }
  if (!isDecodable(bytes)) throw refuseBytes(bytes);
  const { mediaType: contentType = '', pages = 1, autoOrient } = await readHeader(bytes);
  if (!isPictureType(contentType)) throw refuseBytes(bytes);
  const { width, height } = autoOrient;
  if (width * height > maxPixels) {
    throw new PictureRefused(
      'TOO_MANY_PIXELS',
      `The picture has ${width} x ${height} pixels; at most ${maxPixels} are taken.`,
    );
  }
  if (Math.max(width, height) > longestSide) {
    throw new PictureRefused(
      'TOO_MANY_PIXELS',
      `The picture has ${width} x ${height} pixels; a side may have ${longestSide} at most.`,
    );
  }
  const isAnimated = contentType === 'image/png' ? isAnimatedPng(bytes) : pages > 1;
  return { contentType, width, height, sizeBytes: bytes.length, isAnimated };
}

/** Whether no pixels are missing. Throws PictureRefused when not even a part can be shown. */
export async function isWhole(
  bytes: Buffer,
  { contentType }: PictureHeader,
  { maxPixels }: PictureLimits,
): Promise<boolean> {
  // The library reports a truncated TIFF as an error.
  const failOn = contentType === 'image/tiff' ? 'error' : 'truncated';
  if (await isDecoded(bytes, failOn, maxPixels)) return true;
  if (contentType === 'image/jpeg' && (await isOnlyUnended(bytes, maxPixels))) return true;
  if (await isDecoded(bytes, 'none', maxPixels)) return false;
  throw new PictureRefused('DAMAGED', 'The picture is damaged or ends too early.');
}

/** The refusal of bytes that are not accepted. When they are another picture format, the message names it. */
function refuseBytes(bytes: Buffer): PictureRefused {
  const name = nameType(bytes);
  return name.startsWith('image/')
    ? refuseFormat(name)
    : new PictureRefused('NOT_A_PICTURE', 'The bytes are not a picture.');
}

async function readHeader(bytes: Buffer): Promise<Metadata> {
  // No pixels are read, so the library's limit is not needed. The caller checks the size, with its own message.
  return sharp(bytes, { limitInputPixels: false, failOn: 'none' })
    .metadata()
    .catch((error: unknown) => {
      if (!isPictureType(nameType(bytes))) throw refuseBytes(bytes);
      throw new PictureRefused('DAMAGED', 'The picture cannot be read.', { cause: error });
    });
}

async function isDecoded(bytes: Buffer, failOn: FailOn, maxPixels: number): Promise<boolean> {
  return sharp(bytes, { limitInputPixels: maxPixels, failOn, sequentialRead: true })
    .resize(16, 16, { fit: 'fill' })
    .raw()
    .toBuffer()
    .then(
      () => true,
      () => false,
    );
}

/**
 * Whether a JPEG lacks only the marker of its end: some cameras and servers leave it out. With the marker it decodes
 * without a warning. All pixels are read, because scaling down would read only some of them.
 */
async function isOnlyUnended(bytes: Buffer, maxPixels: number): Promise<boolean> {
  const ended = Buffer.concat([bytes, Buffer.from([0xff, 0xd9])]);
  return sharp(ended, { limitInputPixels: maxPixels, failOn: 'warning', sequentialRead: true })
    .stats()
    .then(
      () => true,
      () => false,
    );
}
