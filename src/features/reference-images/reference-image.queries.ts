import type { ReferenceImageKind } from '../../catalogue/model.ts';
import { NotFound } from '../../errors.ts';
import type { ReferenceImage as ReferenceImageRow } from '../../platform/db/generated/client.ts';
import { readConnection, readList } from '../../platform/reads/lists.ts';
import type { Page, Paging } from '../../platform/reads/page.ts';
import { type Asker, authorize, type Lister } from '../access/authorize.ts';
import type { CharacterRow } from '../characters/character.queries.ts';
import { referenceImagesOfCharacter } from './reference-image.view.ts';

export type { ReferenceImageRow };

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

/** The newest of a character's reference images. Throws NotFound, BadArgument. */
export async function newestReferenceImages(
  ctx: Lister,
  { id, projectId }: CharacterRow,
  args: { readonly first: number; readonly kind?: ReferenceImageKind | null },
): Promise<ReferenceImageRow[]> {
  await authorize(ctx, projectId, 'READ_PROJECT', 'Character');
  return readList(ctx, referenceImagesOfCharacter, id, args);
}

/** A character's reference images, newest first. Throws the same. */
export async function listReferenceImages(
  ctx: Lister,
  { id, projectId }: CharacterRow,
  args: Paging & { readonly kind?: ReferenceImageKind | null },
): Promise<Page<ReferenceImageRow>> {
  await authorize(ctx, projectId, 'READ_PROJECT', 'Character');
  return readConnection(ctx, referenceImagesOfCharacter, id, args);
}
