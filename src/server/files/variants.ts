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

/** Opens a picture in a width and a format; null where its original is missing, or where it is not awaited any more. */
export type OpenVariant = (
  image: ImageRow,
  variant: Variant,
  isAwaited: () => boolean,
) => Promise<StoredStream | Buffer | null>;

/**
 * Variants are made when they are first asked for, and kept: making one costs ten times what reading it does. Few are made
 * at a time, and none twice, because each holds its original and its pixels. A request that waits holds nothing.
 */
export function variants(ctx: ServerContext): OpenVariant {
  const making = createBounds({ all: ctx.config.MAX_PICTURES_AT_ONCE, each: 1 });

  // A variant that cannot be read or kept is made all the same.
  const openKept = (key: string) => ctx.storage.open(key).catch(orNothing);

  async function make(image: ImageRow, variant: Variant, key: string): Promise<Buffer | null> {
    const original = await ctx.storage.get(blobKey(image.projectId, image.sha256));
    if (!original) return null;
    const made = await resizePicture(original, variant);
    await ctx.storage.put(key, made).catch(orNothing);
    // The project may have gone meanwhile, and nothing would remove this any more.
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
      // Another request may have had it made meanwhile.
      return (await openKept(key)) ?? make(image, variant, key);
    });
  };
}

function orNothing(error: unknown): null {
  if (error instanceof StorageUnavailable) return null;
  throw error;
}
