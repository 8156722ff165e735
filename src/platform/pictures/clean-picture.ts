import { openPicture } from './inspect-picture.ts';
import { pictureEnd } from './picture-end.ts';
import { sniffPicture } from './sniff-picture.ts';

/**
 * Frees a picture of what does not belong to it: where and by whom it was taken, and bytes behind its end. It is
 * turned upright and written anew in its own format. A picture that carries nothing of the kind is returned as it is.
 */
export async function cleanPicture(bytes: Buffer, maxPixels: number): Promise<Buffer> {
  const contentType = sniffPicture(bytes);
  const picture = openPicture(bytes, maxPixels);
  const { exif, xmp, iptc, comments, orientation = 1 } = await picture.metadata();
  const hasTail = contentType === undefined || pictureEnd(bytes, contentType) !== bytes.length;
  const isClean = !exif && !xmp && !iptc && !comments && orientation === 1 && !hasTail;
  if (isClean) return bytes;
  const upright = picture.autoOrient();
  if (contentType === 'image/png') return upright.png().toBuffer();
  if (contentType === 'image/webp') return upright.webp({ quality: 95, effort: 2 }).toBuffer();
  return upright.jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer();
}
