import type { Uses } from '../../platform/context.ts';
import { checkIdentity, checkOptionalText } from '../../platform/graphql/text.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorize } from '../access/authorize.ts';
import { type CharacterRow, findCharacter } from '../characters/character.queries.ts';
import { type ChosenModel, chooseModel } from '../image-models/model.input.ts';
import { hashCanonically } from '../run-inputs/identity.ts';
import { authorizeModel } from './authorize-model.ts';
import type { GenerateInput } from './request.type.ts';

/** What a client asks for, after the checks of `readRequest`. The model's parameters are not checked yet. */
export interface RunRequest extends ChosenModel {
  readonly projectId: string;
  readonly character: CharacterRow;
  readonly includeAppearance: boolean;
  /** The client's name for the request; null for none. */
  readonly idempotencyKey: string | null;
  /** Names what is asked for: two requests with one idempotency key must agree in it. */
  readonly requestHash: string;
  /** The client's name for the runs that this one belongs to; null for none. */
  readonly batch: string | null;
}

/**
 * May I run this model for this character, and are the names sane that I give to the request and its batch? Throws NotFound,
 * Forbidden, Conflict for a model that the API key is not for, and InputProblem.
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
