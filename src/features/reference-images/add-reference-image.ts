import { NotFound } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { checkOptionalText } from '../../platform/graphql/text.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorizeChange } from '../access/authorize.ts';
import { recordAudit } from '../access/record-audit.ts';
import { recordEvent } from '../access/record-event.ts';
import { findLiveCharacter } from '../characters/character.queries.ts';
import { isImageGone } from '../images/image-gone.ts';
import { resolveImageSource } from '../images/upload-image.ts';
import type { ReferenceImageRow } from './reference-image.queries.ts';
import type { AddReferenceImageInput } from './reference-image.type.ts';

/** Adds a picture of a character. Throws NotFound, Conflict when archived, InputProblem for the picture. */
export async function addReferenceImage(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'storage' | 'config' | 'outbound' | 'bytes' | 'decoding'>,
  input: AddReferenceImageInput,
): Promise<ReferenceImageRow> {
  const { id: characterId, projectId } = await findLiveCharacter(
    ctx,
    fromGlobalId('Character', input.characterId),
    'characterId',
  );
  await authorizeChange(ctx, projectId, 'EDIT_CHARACTERS', { what: 'Character', field: 'characterId' });
  const label = checkOptionalText(['input', 'label'], input.label, 200);
  const image = await resolveImageSource(ctx, projectId, input.source, ['input', 'source']);
  return ctx.db.$transaction(async (tx) => {
    const data = { characterId, imageId: image.id, kind: input.kind, label };
    const referenceImage = await tx.referenceImage.create({ data }).catch((error: unknown) => {
      throw isImageGone(error) ? new NotFound('Image') : error;
    });
    await recordAudit(tx, ctx.viewer, {
      projectId,
      action: 'REFERENCE_IMAGE_ADDED',
      target: { type: 'ReferenceImage', id: referenceImage.id },
      details: { kind: input.kind },
    });
    await recordEvent(tx, { projectId, kind: 'REFERENCE_IMAGE_ADDED', characterId });
    return referenceImage;
  });
}
