import type { Uses } from '../../platform/context.ts';
import { checkIdentity, checkOptionalText } from '../../platform/graphql/text.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorize } from '../access/authorize.ts';
import { type CharacterRow, findCharacter } from '../characters/character.queries.ts';
import { type ChosenModel, chooseModel } from '../image-models/model.input.ts';
import { hashCanonically } from '../run-inputs/identity.ts';
import { authorizeModel } from './authorize-model.ts';
import type { GenerateInput } from './request.type.ts';

/** A client's request after the checks of `readRequest`. The model's parameters are not checked yet. */
export interface RunRequest extends ChosenModel {
  readonly projectId: string;
  readonly character: CharacterRow;
  readonly includeAppearance: boolean;
  /** The client's name for the request; null for none. */
  readonly idempotencyKey: string | null;
  /** A hash of the request. Two requests with the same idempotency key must have the same hash. */
  readonly requestHash: string;
  /** The client's name for a group of runs that this run belongs to; null for none. */
  readonly batch: string | null;
}

/**
 * Checks that the viewer may run this model for this character, and checks the idempotency key and the name of the
 * batch. Throws NotFound, Forbidden, Conflict for a model that the API key is not for, and InputProblem.
 */
export async function readRequest(
  ctx: Uses<'db' | 'viewer' | 'loaders'>,
  input: GenerateInput,
): Promise<RunRequest> {
  const character = await findCharacter(ctx, fromGlobalId('Character', input.characterId));
  const { projectId } = character;
  await authorize(ctx, projectId, 'GENERATE', 'Character');
  const chosen = chooseModel(input.model);
  authorizeModel(ctx, chosen.model.slug, ['input', 'model', chosen.model.inputName]);

  const { idempotencyKey: key, characterId, model } = input;
  const idempotencyKey =
    key == null ? null : checkIdentity(['input', 'idempotencyKey'], key, { maximum: 200 });
  const batch = checkOptionalText(['input', 'batch'], input.batch, 200);
  const includeAppearance = input.includeAppearance ?? true;
  const requestHash = hashCanonically({ characterId, includeAppearance, model, batch });
  return { ...chosen, projectId, character, includeAppearance, idempotencyKey, requestHash, batch };
}
