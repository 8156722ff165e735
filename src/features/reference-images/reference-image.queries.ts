import { NotFound } from '../../errors.ts';
import type { ReferenceImage as ReferenceImageRow } from '../../platform/db/generated/client.ts';
import { type Asker, authorize } from '../access/authorize.ts';
import { readable } from '../access/readable.ts';
import { ownedReferenceImageView } from './reference-image.view.ts';

export type { ReferenceImageRow };

/** As documents begin with them. */
export const referenceImages = readable(ownedReferenceImageView, 'ReferenceImage', findReferenceImage);

/** The reference image with this row id. Throws NotFound, also for strangers. */
export async function findReferenceImage(ctx: Asker, id: string): Promise<ReferenceImageRow> {
  const referenceImage = await ctx.loaders
    .of('referenceImages', async (ids) => {
      const rows = await ctx.db.referenceImage.findMany({
        where: { id: { in: ids } },
        include: { character: { select: { projectId: true } } },
      });
      return rows.map((row) => [row.id, row] as const);
    })
    .load(id);
  if (!referenceImage) throw new NotFound('ReferenceImage');
  await authorize(ctx, referenceImage.character.projectId, 'READ_PROJECT', 'ReferenceImage');
  return referenceImage;
}
