import { imageModels } from '../../catalogue/catalogue.ts';
import { checkParameters } from '../../catalogue/check.ts';
import {
  graphqlName,
  type ImageModelDefinition,
  type ImageParameter,
  parameterInRole,
} from '../../catalogue/model.ts';
import { type InputPath, InputProblem, InputProblems, NotFound, type UserError } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { checkText } from '../../platform/graphql/text.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import type { CharacterRow } from '../characters/character.queries.ts';
import type { ModelInputValues, ModelValues, ReferenceInput } from '../image-models/model.input.ts';
import { findImage, findImageInProject } from '../images/image.queries.ts';
import type { ImageRow } from '../images/store-image.ts';
import { newestReference } from '../reference-images/newest-reference.ts';
import { findReferenceImage } from '../reference-images/reference-image.queries.ts';

/** The picture that stands for an image parameter, as a run keeps it. */
export interface Reference {
  readonly parameter: string;
  readonly imageId: string;
  readonly sha256: string;
  readonly contentType: string;
  readonly referenceImageId: string | null;
}

/** Everything a run is made of, checked. */
export interface RunInputs {
  readonly model: ImageModelDefinition;
  readonly prompt: string | null;
  readonly seed: number;
  /** The caller named the seed; otherwise it was drawn here. */
  readonly isSeedGiven: boolean;
  /** By the provider's names, image parameters apart. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly references: readonly Reference[];
}

type Tools = Uses<'db' | 'viewer' | 'loaders' | 'random'>;

/** Bigger ones are legal at the provider, but a 32-bit seed is taken by every model. */
const seedBound = 2 ** 32;
const maxPromptLength = 10_000;

/** Which model is asked for. Exactly one member is set: GraphQL's `@oneOf` has seen to it. */
export function chosenModel(input: ModelInputValues): { model: ImageModelDefinition; values: ModelValues } {
  for (const model of imageModels) {
    const values = input[model.inputName];
    if (values) return { model, values };
  }
  throw new InputProblem(['input', 'model'], 'model must name exactly one model.');
}

/** Checks what a client asks of a model and fills in what the character brings. Throws InputProblems, NotFound. */
export async function buildParameters(
  ctx: Tools,
  character: CharacterRow,
  input: { model: ModelInputValues; includeAppearance: boolean },
): Promise<RunInputs> {
  const { model, values } = chosenModel(input.model);
  const at = (name: string): InputPath => ['input', 'model', model.inputName, name];
  const problems: UserError[] = [];
  const parameters: Record<string, unknown> = {};
  const references: Reference[] = [];

  for (const parameter of model.parameters) {
    const name = graphqlName(parameter);
    const value = values[name];
    try {
      if (parameter.type === 'IMAGE') {
        const reference = await pickReference(
          ctx,
          character,
          parameter,
          value as ReferenceInput | null | undefined,
          at(name),
        );
        if (reference) references.push(reference);
      } else if (typeof value === 'string' && parameter.type === 'STRING') {
        parameters[parameter.name] = checkText(at(name), value, { maximum: maxPromptLength });
      } else if (value !== undefined && value !== null) {
        parameters[parameter.name] = value;
      } else if (parameter.isRequired && parameter.role !== 'PROMPT' && parameter.role !== 'SEED') {
        parameters[parameter.name] = parameter.default;
      }
    } catch (error) {
      if (!(error instanceof InputProblem)) throw error;
      problems.push(error);
    }
  }

  const prompt = addCharacterWords(model, character, parameters, input.includeAppearance);
  const { seed, isSeedGiven } = drawSeed(ctx, model, parameters);
  const pictures = Object.fromEntries(references.map((reference) => [reference.parameter, reference.sha256]));
  for (const { parameter, message } of checkParameters(model, { ...parameters, ...pictures })) {
    // A missing picture has been told above, in better words.
    if (parameter.type !== 'IMAGE')
      problems.push(new InputProblem(at(graphqlName(parameter)), message, 'OUT_OF_RANGE'));
  }
  if (problems.length > 0) throw new InputProblems(problems);
  return { model, prompt, seed, isSeedGiven, parameters, references };
}

function addCharacterWords(
  model: ImageModelDefinition,
  character: CharacterRow,
  parameters: Record<string, unknown>,
  includeAppearance: boolean,
): string | null {
  const promptName = parameterInRole(model, 'PROMPT')?.name;
  const negativeName = parameterInRole(model, 'NEGATIVE_PROMPT')?.name;
  if (negativeName && parameters[negativeName] === undefined && character.negativePrompt) {
    parameters[negativeName] = character.negativePrompt;
  }
  if (!promptName) return null;
  const appearance = includeAppearance ? character.appearance : null;
  const prompt = [appearance, parameters[promptName]]
    .filter((part) => typeof part === 'string' && part !== '')
    .join(', ');
  if (prompt !== '') parameters[promptName] = prompt;
  else delete parameters[promptName];
  return prompt || null;
}

/** A seed drawn here and stored before the submit makes the run repeatable, and recognisable at the provider. */
function drawSeed(
  ctx: Uses<'random'>,
  model: ImageModelDefinition,
  parameters: Record<string, unknown>,
): Pick<RunInputs, 'seed' | 'isSeedGiven'> {
  const seedName = parameterInRole(model, 'SEED')?.name;
  const given = seedName === undefined ? undefined : parameters[seedName];
  const isSeedGiven = typeof given === 'number' && given !== -1;
  const seed = isSeedGiven ? given : ctx.random.below(seedBound);
  if (seedName !== undefined) parameters[seedName] = seed;
  return { seed, isSeedGiven };
}

async function pickReference(
  ctx: Tools,
  character: CharacterRow,
  parameter: ImageParameter,
  value: ReferenceInput | null | undefined,
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
