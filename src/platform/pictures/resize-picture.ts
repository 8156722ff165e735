import { openPicture } from './inspect-picture.ts';
import { sniffPicture } from './sniff-picture.ts';

export type PictureFormat = 'WEBP' | 'JPEG' | 'PNG' | 'AVIF';

/** Scales a picture down to a width, never up, and writes it in a format; null leaves either as it is. */
export async function resizePicture(
  bytes: Buffer,
  { width, format }: { width: number | null; format: string | null },
  { maxPixels }: { maxPixels: number },
): Promise<{ bytes: Buffer; contentType: string }> {
  const target = format ?? sniffPicture(bytes)?.slice('image/'.length).toUpperCase() ?? 'WEBP';
  let picture = openPicture(bytes, maxPixels).autoOrient();
  if (width !== null) picture = picture.resize({ width, withoutEnlargement: true });
  switch (target) {
    case 'PNG':
      return { bytes: await picture.png().toBuffer(), contentType: 'image/png' };
    case 'JPEG':
      return {
        bytes: await picture.flatten({ background: '#fff' }).jpeg({ quality: 85 }).toBuffer(),
        contentType: 'image/jpeg',
      };
    case 'AVIF':
      // Higher effort takes seconds a picture for a few percent.
      return { bytes: await picture.avif({ quality: 60, effort: 2 }).toBuffer(), contentType: 'image/avif' };
    default:
      return { bytes: await picture.webp({ quality: 82 }).toBuffer(), contentType: 'image/webp' };
  }
}
