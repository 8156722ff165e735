import type { ImageParameter } from '../../catalogue/model.ts';
import { type InputPath, InputProblem, NotFound } from '../../errors.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import type { Asker } from '../access/authorize.ts';
import type { CharacterRow } from '../characters/character.queries.ts';
import type { ReferenceInput } from '../image-models/model.input.ts';
import { findImage, findImageInProject } from '../images/image.queries.ts';
import type { ImageRow } from '../images/store-image.ts';
import { newestReference } from '../reference-images/newest-reference.ts';
import { findReferenceImage } from '../reference-images/reference-image.queries.ts';

/** The picture of an image parameter, as a run keeps it. */
export interface Reference {
  readonly parameter: string;
  readonly imageId: string;
  readonly sha256: string;
  readonly contentType: string;
  readonly referenceImageId: string | null;
}

/**
 * The picture for an image parameter: the given one, otherwise the character's newest reference image of the first
 * fitting kind that the character has. Null when there is none and none is needed. Throws NotFound, and InputProblem
 * when there is none and one is needed.
 */
export async function pickReference(
  ctx: Asker,
  character: CharacterRow,
  parameter: ImageParameter,
  value: ReferenceInput | null,
  path: InputPath,
): Promise<Reference | null> {
  if (value?.referenceImageId != null) {
    const id = fromGlobalId('ReferenceImage', value.referenceImageId);
    const reference = await findReferenceImage(ctx, id);
    if (reference.characterId !== character.id) throw new NotFound('ReferenceImage');
    return keep(parameter, await findImage(ctx, reference.imageId), id);
  }
  if (value?.imageId != null) {
    const id = fromGlobalId('Image', value.imageId);
    return keep(parameter, await findImageInProject(ctx, character.projectId, id), null);
  }
  for (const kind of parameter.fittingKinds) {
    const newest = await newestReference(ctx.db, { characterId: character.id, kind });
    if (newest) return keep(parameter, { ...newest, id: newest.imageId }, newest.id);
  }
  if (parameter.fittingKinds.length === 0) return null;
  throw new InputProblem(
    path,
    `${path.at(-1)} needs a picture: give one, or add a ${parameter.fittingKinds.join(' or ')} reference image to the character.`,
    'REFERENCE_REQUIRED',
  );
}

function keep(
  parameter: ImageParameter,
  image: Pick<ImageRow, 'id' | 'sha256' | 'contentType'>,
  referenceImageId: string | null,
): Reference {
  return {
    parameter: parameter.name,
    imageId: image.id,
    sha256: image.sha256,
    contentType: image.contentType,
    referenceImageId,
  };
}
