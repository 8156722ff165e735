import { NotFound } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorizeChange } from '../access/authorize.ts';
import { recordAudit } from '../access/record-audit.ts';
import { recordEvent } from '../access/record-event.ts';
import { findCharacter } from '../characters/character.queries.ts';
import { findReferenceImage, type ReferenceImageRow } from './reference-image.queries.ts';
import type { RemoveReferenceImageInput } from './reference-image.type.ts';

/**
 * Removes a reference image from a character. Runs keep their own record of the pictures that they were given. The
 * picture is kept for the time that an unused upload is kept, so that it can be added again. Throws NotFound.
 */
export async function removeReferenceImage(
  ctx: Uses<'db' | 'viewer' | 'loaders'>,
  input: RemoveReferenceImageInput,
): Promise<ReferenceImageRow> {
  const found = await findReferenceImage(ctx, fromGlobalId('ReferenceImage', input.id));
  const { id: characterId, projectId } = await findCharacter(ctx, found.characterId);
  await authorizeChange(ctx, projectId, 'EDIT_CHARACTERS', { what: 'ReferenceImage', field: 'id' });
  await ctx.db.$transaction(async (tx) => {
    const { count } = await tx.referenceImage.deleteMany({ where: { id: found.id } });
    if (count === 0) throw new NotFound('ReferenceImage');
    await recordAudit(tx, ctx.viewer, {
      projectId,
      action: 'REFERENCE_IMAGE_REMOVED',
      target: { type: 'ReferenceImage', id: found.id },
      details: { kind: found.kind },
    });
    // After the audit entry, which locks the project's row, because the picture's row is locked after the project's.
    await tx.$executeRaw`UPDATE images SET uploaded_at = now() WHERE id = ${found.imageId}::uuid`;
    await recordEvent(tx, { projectId, kind: 'REFERENCE_IMAGE_REMOVED', characterId });
  });
  return found;
}
