import { checkParameters } from '../../catalogue/check.ts';
import { graphqlName, type ImageModelDefinition, parameterInRole } from '../../catalogue/model.ts';
import { type InputPath, InputProblem, InputProblems, type UserError } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { checkText } from '../../platform/graphql/text.ts';
import type { CharacterRow } from '../characters/character.queries.ts';
import type { ChosenModel } from '../image-models/model.input.ts';
import { pickReference, type Reference } from './pick-reference.ts';

/** The checked values that a run sends to the provider. */
export interface RunInputs {
  readonly prompt: string | null;
  readonly seed: number;
  /** True when the caller gave the seed; false when it was drawn here. */
  readonly isSeedGiven: boolean;
  /** By the provider's names. Image parameters are in `references`. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly references: readonly Reference[];
}

/** The provider allows larger seeds for some models, but each model takes a seed of 32 bits. */
const seedBound = 2 ** 32;
const maxPromptLength = 10_000;

/** Checks the values for a model, and adds the character's words and pictures. Throws InputProblems, NotFound. */
export async function buildParameters(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'random'>,
  character: CharacterRow,
  { model, values, includeAppearance }: ChosenModel & { readonly includeAppearance: boolean },
): Promise<RunInputs> {
  const at = (name: string): InputPath => ['input', 'model', model.inputName, name];
  const problems: UserError[] = [];
  const parameters: Record<string, unknown> = {};
  const references: Reference[] = [];

  for (const parameter of model.parameters) {
    const name = graphqlName(parameter);
    const value = values[name];
    try {
      if (parameter.type === 'IMAGE') {
        const given = typeof value === 'object' ? value : null;
        const reference = await pickReference(ctx, character, parameter, given, at(name));
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

  const prompt = addCharacterWords(model, character, parameters, includeAppearance);
  const { seed, isSeedGiven } = drawSeed(ctx, model, parameters);
  const pictures = Object.fromEntries(references.map((reference) => [reference.parameter, reference.sha256]));
  for (const { parameter, message } of checkParameters(model, { ...parameters, ...pictures })) {
    // pickReference has reported a missing picture already, with a clearer message.
    if (parameter.type !== 'IMAGE')
      problems.push(new InputProblem(at(graphqlName(parameter)), message, 'OUT_OF_RANGE'));
  }
  if (problems.length > 0) throw new InputProblems(problems);
  return { prompt, seed, isSeedGiven, parameters, references };
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

/**
 * The given seed, or one that is drawn here. It is stored before the submit, so that the run can be repeated, and be
 * recognised at the provider.
 */
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
