import { writeStill } from './clean-picture.ts';
import { openPicture } from './inspect-picture.ts';
import { factsOfType } from './picture-type.ts';
import { isAnimatedPng } from './png-chunks.ts';

interface Sendable {
  readonly bytes: Buffer;
  readonly contentType: string;
}

/**
 * A stored picture as the provider takes it: as it is, or, because its documents name JPEG, PNG and WebP only, its first
 * frame written as one of these. One that cannot be written anew is sent as it is: the provider may be able to read it.
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
