import { InputProblem, NotFound } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import type { Image as ImageRow } from '../../platform/db/generated/client.ts';
import { type Asker, authorize } from '../access/authorize.ts';
import { readable } from '../access/readable.ts';
import type { ImageFormat } from './image.type.ts';
import { imageView } from './image.view.ts';
import { originalFormat, signImageUrl } from './image-url.ts';

/** How long a signed URL lives at least; long enough to be cached, short enough to lapse. */
export const urlLifetimeMs = 24 * 60 * 60 * 1_000;

/** As documents reach them. */
export const images = readable(imageView, 'Image', findImage);

/** The image with this row id. Throws NotFound, also for strangers. */
export async function findImage(ctx: Asker, id: string): Promise<ImageRow> {
  const image = await ctx.loaders
    .of('images', async (ids) => {
      const rows = await ctx.db.image.findMany({ where: { id: { in: ids } } });
      return rows.map((row) => [row.id, row] as const);
    })
    .load(id);
  if (!image) throw new NotFound('Image');
  await authorize(ctx, image.projectId, 'READ_PROJECT', 'Image');
  return image;
}

/** The same, within one project: another project's image looks like none. */
export async function findImageInProject(ctx: Asker, projectId: string, id: string): Promise<ImageRow> {
  const image = await findImage(ctx, id);
  if (image.projectId !== projectId) throw new NotFound('Image');
  return image;
}

type Signing = Uses<'imageSecret' | 'publicUrl' | 'clock'>;

/** A signed URL of an image that anyone who has it can open until it expires. Throws InputProblem. */
export function imageUrl(
  ctx: Signing,
  image: Pick<ImageRow, 'id'>,
  { width, format }: { width?: number | null; format?: ImageFormat | null },
): string {
  if (width != null && (width < 16 || width > 4096)) {
    throw new InputProblem(['width'], `width must be from 16 to 4096; got ${width}.`);
  }
  return signed(ctx, image, width ?? null, format ?? null);
}

/** The same for its stored bytes, as a file to be saved. */
export function originalUrl(ctx: Signing, image: Pick<ImageRow, 'id'>): string {
  return signed(ctx, image, null, originalFormat);
}

function signed(
  ctx: Signing,
  { id }: Pick<ImageRow, 'id'>,
  width: number | null,
  format: string | null,
): string {
  return signImageUrl(ctx.imageSecret, {
    publicUrl: ctx.publicUrl,
    imageId: id,
    width,
    format,
    now: ctx.clock.now(),
    lifetimeMs: urlLifetimeMs,
  });
}
