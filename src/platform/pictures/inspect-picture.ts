import sharp, { type Metadata, type Sharp } from 'sharp';
import { pictureEnd } from './picture-end.ts';
import { type PictureType, sniffPicture } from './sniff-picture.ts';

/** What the bytes of a picture say of themselves. */
export interface PictureFacts {
  readonly contentType: PictureType;
  /** As shown: a camera's turn is counted in. */
  readonly width: number;
  readonly height: number;
  readonly sizeBytes: number;
}

export interface PictureLimits {
  readonly maxPixels: number;
  readonly maxBytes?: number;
}

export type PictureProblem =
  | 'EMPTY'
  | 'TOO_LARGE'
  | 'NOT_A_PICTURE'
  | 'TOO_MANY_PIXELS'
  | 'ANIMATED'
  | 'DAMAGED';

/** Bytes that are not a picture we take. The message is safe to show and names the limit. */
export class PictureRefused extends Error {
  override name = 'PictureRefused';
  readonly code: PictureProblem;

  constructor(code: PictureProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Opens a picture for reading, with every limit in force. */
export function openPicture(bytes: Buffer, maxPixels: number): Sharp {
  return sharp(bytes, {
    limitInputPixels: maxPixels,
    failOn: 'truncated',
    sequentialRead: true,
    animated: false,
  });
}

/**
 * Looks at a picture: its type by its first bytes, its size from its header, and only when both are acceptable
 * its pixels, once, so that a picture that is kept can be shown. Throws PictureRefused.
 */
export async function inspectPicture(
  bytes: Buffer,
  { maxPixels, maxBytes = Infinity }: PictureLimits,
): Promise<PictureFacts> {
  if (bytes.length === 0) throw new PictureRefused('EMPTY', 'There are no bytes.');
  if (bytes.length > maxBytes) {
    throw new PictureRefused(
      'TOO_LARGE',
      `The picture has ${bytes.length} bytes; at most ${maxBytes} are taken.`,
    );
  }
  const contentType = sniffPicture(bytes);
  if (!contentType)
    throw new PictureRefused('NOT_A_PICTURE', 'The bytes are not a JPEG, PNG or WebP picture.');
  const { width, height, pages, orientation = 1 } = await readHeader(bytes);
  if (width * height > maxPixels) {
    throw new PictureRefused(
      'TOO_MANY_PIXELS',
      `The picture has ${width} x ${height} pixels; at most ${maxPixels} are taken.`,
    );
  }
  if ((pages ?? 1) > 1 || isAnimatedPng(bytes, contentType)) {
    throw new PictureRefused('ANIMATED', 'The picture is animated; only still pictures are taken.');
  }
  if (pictureEnd(bytes, contentType) === null)
    throw new PictureRefused('DAMAGED', 'The picture ends too early.');
  await openPicture(bytes, maxPixels)
    .resize(16, 16, { fit: 'fill' })
    .raw()
    .toBuffer()
    .catch((error: unknown) => {
      throw new PictureRefused('DAMAGED', 'The picture is damaged or ends too early.', { cause: error });
    });
  const isTurned = orientation >= 5;
  return {
    contentType,
    width: isTurned ? height : width,
    height: isTurned ? width : height,
    sizeBytes: bytes.length,
  };
}

async function readHeader(bytes: Buffer): Promise<Metadata> {
  // Reads no pixels, so the limit is ours to check, with our own words.
  return sharp(bytes, { limitInputPixels: false, failOn: 'none' })
    .metadata()
    .catch((error: unknown) => {
      throw new PictureRefused('DAMAGED', 'The picture cannot be read.', { cause: error });
    });
}

/** The animation chunk of a PNG stands before its first pixels. */
function isAnimatedPng(bytes: Buffer, contentType: string): boolean {
  if (contentType !== 'image/png') return false;
  const animation = bytes.indexOf('acTL');
  const pixels = bytes.indexOf('IDAT');
  return animation !== -1 && (pixels === -1 || animation < pixels);
}
