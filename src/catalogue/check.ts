import { cutText } from '../text.ts';
import type { ImageModelDefinition, NumberParameter, Parameter } from './model.ts';
import { graphqlName, parametersInRole } from './model.ts';

/** What is wrong with one parameter: a sentence with its name, its range and the value that was sent. */
export interface ParameterProblem {
  readonly parameter: Parameter;
  readonly message: string;
}

/** Values by the provider's names of the parameters, as in the JSON body. */
export type ParameterValues = Readonly<Record<string, unknown>>;

/** Describes in words what a parameter accepts, for example "an integer from 1 to 20". */
export function describeRange(parameter: Parameter): string {
  switch (parameter.type) {
    case 'INTEGER':
    case 'NUMBER':
      return `${parameter.type === 'INTEGER' ? 'an integer' : 'a number'}${describeBounds(parameter)}`;
    case 'BOOLEAN':
      return 'true or false';
    case 'ENUM':
      return `one of ${parameter.values.join(', ')}`;
    case 'IMAGE':
      return 'an image';
    case 'STRING':
      return 'a string';
  }
}

function describeBounds({ minimum, maximum }: NumberParameter): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `, at least ${minimum}`;
  if (maximum !== undefined) return `, at most ${maximum}`;
  return '';
}

function accepts(parameter: Parameter, value: unknown): boolean {
  switch (parameter.type) {
    case 'INTEGER':
    case 'NUMBER': {
      if (typeof value !== 'number' || !Number.isFinite(value)) return false;
      if (parameter.type === 'INTEGER' && !Number.isSafeInteger(value)) return false;
      return value >= (parameter.minimum ?? -Infinity) && value <= (parameter.maximum ?? Infinity);
    }
    case 'BOOLEAN':
      return typeof value === 'boolean';
    case 'ENUM':
      return typeof value === 'string' && parameter.values.includes(value);
    case 'STRING':
    case 'IMAGE':
      return typeof value === 'string';
  }
}

/**
 * Checks that each required parameter of a model has a value and that each value is in range. Ignores unknown names.
 */
export function checkParameters(model: ImageModelDefinition, values: ParameterValues): ParameterProblem[] {
  const problems: ParameterProblem[] = [];
  for (const parameter of model.parameters) {
    const value = values[parameter.name];
    if (value === undefined || value === null) {
      if (parameter.isRequired) {
        problems.push({
          parameter,
          message: `${graphqlName(parameter)} is required: ${describeRange(parameter)}.`,
        });
      }
      continue;
    }
    if (!accepts(parameter, value)) {
      const got = typeof value === 'string' ? JSON.stringify(cutText(value, 100)) : String(value);
      problems.push({
        parameter,
        message: `${graphqlName(parameter)} must be ${describeRange(parameter)}; got ${got}.`,
      });
    }
  }
  return problems;
}

/** How many pictures a run with these values makes: the product of the model's COUNT parameters. */
export function countOutputs(model: ImageModelDefinition, values: ParameterValues): number {
  return parametersInRole(model, 'COUNT').reduce((product, parameter) => {
    const value = values[parameter.name] ?? parameter.default;
    return product * (typeof value === 'number' ? value : 1);
  }, 1);
}
