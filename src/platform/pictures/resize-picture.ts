import type { Sharp } from 'sharp';
import { openPicture } from './inspect-picture.ts';
import { PictureRefused } from './picture-refused.ts';
import { formats, type PictureFormat } from './served-format.ts';

/**
 * Scales a picture down to a width, never up, and encodes it in a format. It is scaled down further when a side would
 * be too long for the format. Throws PictureRefused for bytes that cannot be decoded.
 */
export async function resizePicture(
  bytes: Buffer,
  { width, format }: { width: number | null; format: PictureFormat },
): Promise<Buffer> {
  const { longestSide } = formats[format];
  try {
    const picture = await openPicture(bytes);
    const fitting = picture.autoOrient().resize({
      width: Math.min(width ?? longestSide, longestSide),
      height: longestSide,
      fit: 'inside',
      withoutEnlargement: true,
    });
    return await encode(fitting, format).toBuffer();
  } catch (cause) {
    throw new PictureRefused('DAMAGED', 'The picture cannot be decoded.', { cause });
  }
}

function encode(picture: Sharp, format: PictureFormat): Sharp {
  switch (format) {
    case 'PNG':
      return picture.png();
    case 'JPEG':
      return picture.flatten({ background: '#fff' }).jpeg({ quality: 85 });
    case 'AVIF':
      // A higher effort takes seconds for each picture and saves a few percent.
      return picture.avif({ quality: 60, effort: 2 });
    case 'WEBP':
      return picture.webp({ quality: 82 });
  }
}
