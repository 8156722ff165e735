import { Field, Float, ID, InputType, Int, registerEnumType } from 'type-graphql';
import { imageModels } from '../../catalogue/catalogue.ts';
import { describeRange } from '../../catalogue/check.ts';
import { graphqlName, type ImageModelDefinition, type Parameter } from '../../catalogue/model.ts';
import { InputProblem } from '../../errors.ts';
import { SafeIntScalar } from '../../platform/graphql/scalars.ts';

@InputType({ description: 'A picture for an image parameter. Exactly one field must be given.' })
export class ReferenceInput {
  @Field(() => ID, { nullable: true, description: "The id of one of the character's reference images." })
  referenceImageId?: string | null;
  @Field(() => ID, { nullable: true, description: 'The id of any image of the same project.' })
  imageId?: string | null;
}

/** The values of one model's input, by GraphQL name, as GraphQL has read them. */
export type ModelValues = Readonly<
  Record<string, string | number | boolean | ReferenceInput | null | undefined>
>;

/** The model that a client asks for, and the values of its parameters. */
export interface ChosenModel {
  readonly model: ImageModelDefinition;
  readonly values: ModelValues;
}

function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function parameterEnum(model: ImageModelDefinition, parameter: Parameter & { type: 'ENUM' }) {
  const values = Object.fromEntries(parameter.values.map((value) => [value, value]));
  registerEnumType(values, {
    name: capitalized(model.inputName) + capitalized(graphqlName(parameter)),
    description: `${sentenceOf(parameter)} The values have the provider's spelling.`,
  });
  return values;
}

function graphqlType(model: ImageModelDefinition, parameter: Parameter) {
  switch (parameter.type) {
    case 'IMAGE':
      return ReferenceInput;
    case 'BOOLEAN':
      return Boolean;
    case 'NUMBER':
      return Float;
    case 'INTEGER':
      return parameter.role === 'SEED' ? SafeIntScalar : Int;
    case 'ENUM':
      return parameterEnum(model, parameter);
    case 'STRING':
      return String;
  }
}

function sentenceOf({ description }: Parameter): string {
  return description.replace(/\.?$/, '.');
}

function describeParameter(parameter: Parameter): string {
  const notes = [sentenceOf(parameter)];
  if (parameter.type !== 'IMAGE') notes.push(`Takes ${describeRange(parameter)}.`);
  if (parameter.type === 'STRING' && parameter.suggestions) {
    notes.push(`Known to work: ${parameter.suggestions.join(', ')}.`);
  }
  if (parameter.role === 'SEED') {
    notes.push('When it is left out or -1, the server draws a seed and stores it with the run.');
  } else if (parameter.type === 'IMAGE') {
    const kinds = parameter.fittingKinds.join(', or else ');
    notes.push(kinds ? `Default: the character's newest ${kinds} reference image.` : 'Default: no picture.');
  } else if (parameter.role === 'NEGATIVE_PROMPT') {
    const own = parameter.default ? `, or else ${JSON.stringify(parameter.default)}` : '';
    notes.push(`Default: the character's \`negativePrompt\`${own}.`);
  } else if (parameter.role !== 'PROMPT' && parameter.default !== null && parameter.default !== '') {
    notes.push(`Default: ${JSON.stringify(parameter.default)}.`);
  }
  return notes.join(' ');
}

function modelInputType(model: ImageModelDefinition): new () => object {
  const { [model.inputName]: input } = { [model.inputName]: class {} };
  if (!input) throw new Error(`No input class for ${model.slug}`);
  InputType(`${capitalized(model.inputName)}Input`, {
    description: `Parameters of ${model.title} (\`${model.slug}\`). The names are the provider's, in camelCase.`,
  })(input);
  for (const parameter of model.parameters) {
    const type = graphqlType(model, parameter);
    Field(() => type, { nullable: true, description: describeParameter(parameter) })(
      input.prototype,
      graphqlName(parameter),
    );
  }
  return input;
}

@InputType({ description: 'The model to run, with its parameters. Exactly one field must be given.' })
export class ModelInput {
  /** One member per model of the catalogue. */
  readonly [inputName: string]: ModelValues | null | undefined;
}

for (const model of imageModels) {
  const type = modelInputType(model);
  Field(() => type, { nullable: true, description: `Runs ${model.title}. ${model.description}` })(
    ModelInput.prototype,
    model.inputName,
  );
}

/** The model that is asked for. GraphQL's `@oneOf` has checked that exactly one member is set. Throws InputProblem. */
export function chooseModel(input: ModelInput): ChosenModel {
  for (const model of imageModels) {
    const values = input[model.inputName];
    if (values) return { model, values };
  }
  throw new InputProblem(['input', 'model'], 'model must have exactly one field.');
}
