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
 * Takes a picture off a character. Runs keep their own record of what they were given. The picture stays as long as a new
 * upload does, so it can be added again. Throws NotFound.
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
    // After the audit entry, which locks the project's row: the picture's row comes after it in the order of the locks.
    await tx.$executeRaw`UPDATE images SET uploaded_at = now() WHERE id = ${found.imageId}::uuid`;
    await recordEvent(tx, { projectId, kind: 'REFERENCE_IMAGE_REMOVED', characterId });
  });
  return found;
}
