import { NotFound } from '../../../errors.ts';
import type { GeneratedImage as GeneratedImageRow } from '../../../platform/db/generated/client.ts';
import { type Asker, authorize } from '../../access/authorize.ts';
import { readable } from '../../access/readable.ts';
import { ownedGeneratedImageView } from '../generated-image.view.ts';

export type { GeneratedImageRow };

/** As documents begin with them. */
export const generatedImages = readable(ownedGeneratedImageView, 'GeneratedImage', findGeneratedImage);

/** The output with this row id. Throws NotFound, also for strangers. */
export async function findGeneratedImage(ctx: Asker, id: string): Promise<GeneratedImageRow> {
  const image = await ctx.db.generatedImage.findUnique({
    where: { id },
    include: { generation: { select: { projectId: true } } },
  });
  if (!image) throw new NotFound('GeneratedImage');
  await authorize(ctx, image.generation.projectId, 'READ_PROJECT', 'GeneratedImage');
  return image;
}
