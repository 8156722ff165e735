import { StorageUnavailable } from '../../errors.ts';
import type { ImageRow } from '../../features/images/store-image.ts';
import { createBounds } from '../../platform/db/turns.ts';
import { resizePicture } from '../../platform/pictures/resize-picture.ts';
import type { PictureFormat } from '../../platform/pictures/served-format.ts';
import { blobKey, variantKey } from '../../platform/storage/blob-key.ts';
import type { StoredStream } from '../../platform/storage/storage.ts';
import type { ServerContext } from '../server-context.ts';

interface Variant {
  readonly width: number | null;
  readonly format: PictureFormat;
}

/** Opens a picture in a width and a format; null when its original is missing, or when no request waits any more. */
export type OpenVariant = (
  image: ImageRow,
  variant: Variant,
  isAwaited: () => boolean,
) => Promise<StoredStream | Buffer | null>;

/**
 * Variants are made at the first request and stored, because making one costs ten times as much as reading it. Few are
 * made at a time, and none twice at the same time, because each holds its original and its pixels in memory. A request
 * that waits holds no picture.
 */
export function variants(ctx: ServerContext): OpenVariant {
  const making = createBounds({ all: ctx.config.MAX_PICTURES_AT_ONCE, each: 1 });

  // A variant that cannot be read or stored is still made.
  const openKept = (key: string) => ctx.storage.open(key).catch(orNothing);

  async function make(image: ImageRow, variant: Variant, key: string): Promise<Buffer | null> {
    const original = await ctx.storage.get(blobKey(image.projectId, image.sha256));
    if (!original) return null;
    const made = await resizePicture(original, variant);
    await ctx.storage.put(key, made).catch(orNothing);
    // The project may have been deleted meanwhile. Then no other code would remove this variant.
    if ((await ctx.db.image.count({ where: { id: image.id } })) === 0)
      await ctx.storage.delete(key).catch(orNothing);
    return made;
  }

  return async (image, variant, isAwaited) => {
    const key = variantKey(image, variant.width, variant.format);
    const kept = await openKept(key);
    if (kept) return kept;
    return making.take(key, async () => {
      if (!isAwaited()) return null;
      // Another request may have made the variant meanwhile.
      return (await openKept(key)) ?? make(image, variant, key);
    });
  };
}

function orNothing(error: unknown): null {
  if (error instanceof StorageUnavailable) return null;
  throw error;
}
