import type { ReferenceImageKind } from '../../catalogue/model.ts';
import { NotFound } from '../../errors.ts';
import type { ReferenceImage as ReferenceImageRow } from '../../platform/db/generated/client.ts';
import { checkFirst } from '../../platform/graphql/connection.ts';
import { type Asker, authorize } from '../access/authorize.ts';
import { findCharacter } from '../characters/character.queries.ts';

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

/** A character's reference images, newest first. */
export async function listReferenceImages(
  ctx: Asker,
  characterId: string,
  { first, kind }: { first: number; kind?: ReferenceImageKind | null },
): Promise<ReferenceImageRow[]> {
  await findCharacter(ctx, characterId);
  checkFirst(first);
  // One statement for all characters of a page: "the newest n of each" is a lateral limit on the index.
  const rows = await ctx.loaders
    .of(`referenceImages of characters, ${first} ${kind ?? 'any'}`, async (characterIds) => {
      const found = await ctx.db.$queryRaw<ReferenceImageRow[]>`
        SELECT r.* FROM unnest(${characterIds}::uuid[]) AS parent(id)
        CROSS JOIN LATERAL (
          SELECT id::text, character_id::text AS "characterId", image_id::text AS "imageId", kind::text, label,
                 created_at AS "createdAt"
          FROM reference_images
          WHERE character_id = parent.id AND (${kind ?? null}::text IS NULL OR kind::text = ${kind ?? null})
          ORDER BY created_at DESC, id DESC LIMIT ${first}
        ) r`;
      const byCharacter = Map.groupBy(found, (row) => row.characterId);
      return characterIds.map((id) => [id, byCharacter.get(id) ?? []] as const);
    })
    .load(characterId);
  return rows ?? [];
}
