import { Conflict } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import type { Prisma } from '../../platform/db/generated/client.ts';
import { checkOptionalText } from '../../platform/graphql/text.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorize, refuseClosedNow } from '../access/authorize.ts';
import { type CharacterRow, findCharacter, findLiveCharacter } from '../characters/character.queries.ts';
import type { ModelInputValues } from '../image-models/model.input.ts';
import { type Estimate, estimateRun, listPrice } from '../prices/price-book.ts';
import { type PriceShape, priceShape } from '../prices/price-shape.ts';
import { buildParameters, chosenModel, type RunInputs } from '../run-inputs/build-parameters.ts';
import { resultKey } from '../run-inputs/identity.ts';
import type { GenerateInput } from './request.type.ts';

type Tools = Uses<'db' | 'viewer' | 'loaders' | 'random' | 'config' | 'segmind'>;

/** A run as it would be sent, and what is known of its price; nothing is written. */
export interface PreparedRun {
  /** The provider environment whose prices it was looked up in. */
  readonly environment: string;
  readonly character: CharacterRow;
  readonly inputs: RunInputs;
  readonly shape: PriceShape;
  readonly estimate: Estimate;
  readonly resultKey: string;
}

/**
 * Checks an input as a run of a project that was entered, fills in what the character brings, and looks its price up.
 * Throws NotFound, InputProblems, and Conflict for what is archived or being deleted.
 */
export async function prepareRun(ctx: Tools, projectId: string, input: GenerateInput): Promise<PreparedRun> {
  await refuseClosedNow(ctx, projectId, 'characterId');
  const id = fromGlobalId('Character', input.characterId);
  const character = await findLiveCharacter(ctx, id, 'characterId');
  const model = input.model as ModelInputValues;
  const inputs = await buildParameters(ctx, character, {
    model,
    includeAppearance: input.includeAppearance ?? true,
  });
  const shape = priceShape(inputs.model, inputs.parameters);
  return {
    environment: ctx.segmind.environment,
    character,
    inputs,
    shape,
    estimate: await estimateRun(ctx, inputs.model.slug, shape),
    resultKey: resultKey(inputs.model, inputs.parameters, inputs.references),
  };
}

/** What of a prepared run its row keeps. */
export function columnsOf({ environment, character, inputs, shape, resultKey: key }: PreparedRun) {
  return {
    environment,
    projectId: character.projectId,
    characterId: character.id,
    model: inputs.model.slug,
    modelVersion: inputs.model.version,
    prompt: inputs.prompt,
    parameters: inputs.parameters as Prisma.InputJsonObject,
    references: inputs.references as unknown as Prisma.InputJsonArray,
    seed: BigInt(inputs.seed),
    priceMicros: listPrice(inputs.model.price, shape.outputCount),
    priceShape: shape.shape,
    outputCount: shape.outputCount,
    resultKey: key,
  };
}

/**
 * May I run this model for this character? Resolves to the project. Throws NotFound, Forbidden, and Conflict for a model
 * that the key is not for.
 */
export async function enterProject(ctx: Tools, input: GenerateInput): Promise<string> {
  const { projectId } = await findCharacter(ctx, fromGlobalId('Character', input.characterId));
  await authorize(ctx, projectId, 'GENERATE', 'Character');
  const { slug, inputName } = chosenModel(input.model as ModelInputValues).model;
  if (!isModelAllowed(ctx, slug)) throw modelNotAllowed(ctx, ['input', 'model', inputName]);
  return projectId;
}

/** The caller's name for the runs that this one belongs to; null for none. Throws InputProblem. */
export function checkBatch({ batch }: GenerateInput): string | null {
  return checkOptionalText(['input', 'batch'], batch, 200);
}

/** Whether the viewer may run a model: a key may be narrowed to some. */
export function isModelAllowed({ viewer }: Uses<'viewer'>, slug: string): boolean {
  if (viewer.kind !== 'API_KEY' || viewer.allowedModels.length === 0) return true;
  return viewer.allowedModels.includes(slug);
}

/** What a narrowed key is told. */
export function modelNotAllowed({ viewer }: Uses<'viewer'>, path: readonly string[]): Conflict {
  const allowed = viewer.kind === 'API_KEY' ? viewer.allowedModels.join(', ') : '';
  return new Conflict('MODEL_NOT_ALLOWED', `This key is for ${allowed} only.`, path);
}
