import { readFileSync, writeFileSync } from 'node:fs';
import {
  buildSchema,
  type GraphQLInputType,
  type GraphQLOutputType,
  getNullableType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';

const scalars: Record<string, string> = {
  ID: 'string',
  Boolean: 'boolean',
  String: 'string',
  Float: 'number',
  Int: 'number',
  SafeInt: 'number',
  Date: 'string',
  DateTime: 'string',
  Decimal: 'string',
  URL: 'string',
  JSONObject: 'Record<string, unknown>',
};

/** The file of types, and the contract that it is written from. */
export const files = { contract: 'schema.graphql', types: 'test/support/operations/schema.ts' };

/** The schema as TypeScript types: what each field of an object gives and takes, and each input object. */
export function printTypes(contract: string): string {
  const schema = buildSchema(contract);
  const all = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
  const objects = all
    .filter((type) => isObjectType(type) || isInterfaceType(type))
    .map((type) => {
      const fields = Object.values(type.getFields()).map((field) => {
        const taken = field.args.map(({ name, type }) => `${name}${optional(type)}: ${input(type)}`);
        return `    ${field.name}: [${output(field.type)}, { ${taken.join('; ')} }];`;
      });
      return `  ${type.name}: {\n${fields.join('\n')}\n  };`;
    });
  const inputs = all.filter(isInputObjectType).map((type) => {
    const fields = Object.values(type.getFields()).map(
      ({ name, type }) => `    ${name}${optional(type)}: ${input(type)};`,
    );
    return `  ${type.name}: {\n${fields.join('\n')}\n  };`;
  });
  return [
    '// Written by `npm run schema` from schema.graphql. Do not edit it.',
    "import type { Of } from './read.ts';\n",
    `export interface Objects {\n${objects.join('\n')}\n}\n`,
    `export interface Inputs {\n${inputs.join('\n')}\n}\n`,
  ].join('\n');
}

/** Null is left out: a test that meets it fails by itself. */
function output(type: GraphQLOutputType): string {
  const bare = getNullableType(type);
  if (isListType(bare)) return `${output(bare.ofType)}[]`;
  if (isObjectType(bare) || isAbstractType(bare)) return `Of<'${bare.name}'>`;
  return leaf(bare);
}

function input(type: GraphQLInputType): string {
  if (isNonNullType(type)) return bare(type.ofType);
  return `${bare(type)} | null`;
}

function bare(type: GraphQLInputType): string {
  if (isListType(type)) return `readonly (${input(type.ofType)})[]`;
  return isInputObjectType(type) ? `Inputs['${type.name}']` : leaf(getNullableType(type));
}

function leaf(type: GraphQLInputType | GraphQLOutputType): string {
  if (isEnumType(type))
    return `(${type
      .getValues()
      .map(({ name }) => `'${name}'`)
      .join(' | ')})`;
  const scalar = scalars[String(type)];
  if (!scalar) throw new Error(`${type} has no type in TypeScript yet: add it to the scalars.`);
  return scalar;
}

const optional = (type: GraphQLInputType) => (isNonNullType(type) ? '' : '?');

if (import.meta.main) writeFileSync(files.types, printTypes(readFileSync(files.contract, 'utf8')));
