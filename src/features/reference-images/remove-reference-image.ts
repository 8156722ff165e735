import { NotFound } from '../../errors.ts';
import { authorize } from '../../platform/auth/policy.ts';
import type { Uses } from '../../platform/context.ts';
import { recordEvent } from '../../platform/events/record-event.ts';
import { fromGlobalId } from '../../platform/graphql/global-id.ts';
import { findCharacter } from '../characters/character.queries.ts';
import { findReferenceImage, type ReferenceImageRow } from './reference-image.queries.ts';
import type { RemoveReferenceImageInput } from './reference-image.type.ts';

/** Takes a picture off a character. Runs keep their own record of what they were given. Throws NotFound. */
export async function removeReferenceImage(
  ctx: Uses<'db' | 'viewer' | 'loaders'>,
  input: RemoveReferenceImageInput,
): Promise<ReferenceImageRow> {
  authorize(ctx.viewer, 'EDIT_CHARACTERS');
  const found = await findReferenceImage(ctx, fromGlobalId('ReferenceImage', input.id));
  const { id: characterId, projectId } = await findCharacter(ctx, found.characterId);
  await ctx.db.$transaction(async (tx) => {
    const { count } = await tx.referenceImage.deleteMany({ where: { id: found.id } });
    if (count === 0) throw new NotFound('ReferenceImage');
    await recordEvent(tx, { projectId, kind: 'REFERENCE_IMAGE_REMOVED', characterId });
  });
  return found;
}
