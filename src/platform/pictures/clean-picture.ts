import { openPicture, sniffPicture } from './inspect-picture.ts';

/**
 * Frees a picture of what does not belong to it: where and by whom it was taken, and bytes behind its end. It is
 * turned upright and written anew in its own format. A picture that carries nothing of the kind is returned as it is.
 */
export async function cleanPicture(bytes: Buffer, maxPixels: number): Promise<Buffer> {
  const contentType = sniffPicture(bytes);
  const picture = openPicture(bytes, maxPixels);
  const { exif, xmp, iptc, orientation = 1 } = await picture.metadata();
  const isClean = !exif && !xmp && !iptc && orientation === 1 && endOf(bytes, contentType) >= bytes.length;
  if (isClean) return bytes;
  const upright = picture.autoOrient();
  if (contentType === 'image/png') return upright.png().toBuffer();
  if (contentType === 'image/webp') return upright.webp({ quality: 95, effort: 2 }).toBuffer();
  return upright.jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer();
}

/** Where the picture ends; what follows, a page or an archive, is not picture. */
function endOf(bytes: Buffer, contentType: string | undefined): number {
  if (contentType === 'image/png') return bytes.lastIndexOf('IEND') + 8;
  if (contentType === 'image/webp') return bytes.readUInt32LE(4) + 8;
  const end = bytes.lastIndexOf(Buffer.from([0xff, 0xd9])) + 2;
  return end;
}
