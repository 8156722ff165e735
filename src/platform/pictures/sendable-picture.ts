import { writeStill } from './clean-picture.ts';
import { openPicture } from './inspect-picture.ts';
import { factsOfType } from './picture-type.ts';
import { isAnimatedPng } from './png-chunks.ts';

/**
 * A stored picture as the provider takes it: as it is, or, because its documents name JPEG, PNG and WebP only, its first
 * frame written as one of these.
 */
export async function sendablePicture(
  bytes: Buffer,
  contentType: string,
  maxPixels: number,
): Promise<{ readonly bytes: Buffer; readonly contentType: string }> {
  if (factsOfType(contentType).isSent && !(await isAnimated(bytes, contentType, maxPixels)))
    return { bytes, contentType };
  const still = await writeStill(bytes, maxPixels);
  return { bytes: still.bytes, contentType: still.facts.contentType };
}

async function isAnimated(bytes: Buffer, contentType: string, maxPixels: number): Promise<boolean> {
  if (contentType === 'image/png') return isAnimatedPng(bytes);
  return contentType === 'image/webp' && ((await openPicture(bytes, maxPixels).metadata()).pages ?? 1) > 1;
}
