import { StorageUnavailable } from '../../errors.ts';
import type { ServedImage } from '../../features/images/served-image.ts';
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
  image: ServedImage,
  variant: Variant,
  isAwaited: () => boolean,
) => Promise<StoredStream | Buffer | null>;

/** A variant that is being made. */
interface Making {
  /** Whether the clients that wait for it still do. */
  readonly isAwaited: (() => boolean)[];
  readonly made: Promise<Buffer | null>;
}

/**
 * Variants are made at the first request and stored, because making one costs ten times as much as reading it. Few are
 * made at a time, because each holds its original and its pixels in memory. Requests for a variant that is being made get
 * what is made, so 20 first requests cost little more than one. A request that waits holds no picture.
 */
export function variants(ctx: ServerContext): OpenVariant {
  const bounds = createBounds({ all: ctx.config.MAX_PICTURES_AT_ONCE, each: 1 });
  const underWay = new Map<string, Making>();

  async function make(image: ServedImage, variant: Variant, key: string): Promise<Buffer | null> {
    const original = await ctx.storage.get(blobKey(image.projectId, image.sha256));
    if (!original) return null;
    const made = await resizePicture(original, variant);
    await ctx.storage.put(key, made).catch(orNothing);
    // The project may have been deleted meanwhile. Then no other code would remove this variant.
    if ((await ctx.db.image.count({ where: { id: image.id } })) === 0)
      await ctx.storage.delete(key).catch(orNothing);
    return made;
  }

  function begin(image: ServedImage, variant: Variant, key: string): Making {
    const isAwaited: Making['isAwaited'] = [];
    const end = () => {
      if (underWay.get(key) === making) underWay.delete(key);
    };
    const work = async () => {
      // A request that ended meanwhile may have made the variant.
      if (isAwaited.some((each) => each()))
        return (await ctx.storage.get(key).catch(orNothing)) ?? make(image, variant, key);
      // A request that comes from now on begins again.
      end();
      return null;
    };
    // The work begins when this request is in the list.
    const made = Promise.resolve().then(() => bounds.take(key, work));
    const making = { isAwaited, made: made.finally(end) };
    underWay.set(key, making);
    return making;
  }

  return async (image, variant, isAwaited) => {
    const key = variantKey(image, variant.width, variant.format);
    // A variant that cannot be read or stored is still made.
    const kept = underWay.has(key) ? null : await ctx.storage.open(key).catch(orNothing);
    if (kept) return kept;
    const making = underWay.get(key) ?? begin(image, variant, key);
    making.isAwaited.push(isAwaited);
    return making.made;
  };
}

function orNothing(error: unknown): null {
  if (error instanceof StorageUnavailable) return null;
  throw error;
}
