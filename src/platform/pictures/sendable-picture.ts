import { writeStill } from './clean-picture.ts';
import { openPicture } from './inspect-picture.ts';
import { factsOfType } from './picture-type.ts';
import { isAnimatedPng } from './png-chunks.ts';

interface Sendable {
  readonly bytes: Buffer;
  readonly contentType: string;
}

/**
 * A stored picture in a form that the provider accepts: as it is, or its first frame encoded as JPEG, PNG or WebP,
 * because the provider's documents name only these. A picture that cannot be encoded again is sent as it is, because
 * the provider may be able to read it.
 */
export async function sendablePicture(bytes: Buffer, contentType: string): Promise<Sendable> {
  const asItIs = { bytes, contentType };
  try {
    if (factsOfType(contentType).isSent && !(await isAnimated(asItIs))) return asItIs;
    const still = await writeStill(bytes);
    return { bytes: still.bytes, contentType: still.facts.contentType };
  } catch {
    return asItIs;
  }
}

async function isAnimated({ bytes, contentType }: Sendable): Promise<boolean> {
  if (contentType === 'image/png') return isAnimatedPng(bytes);
  return contentType === 'image/webp' && ((await (await openPicture(bytes)).metadata()).pages ?? 1) > 1;
}
