import { expect, it } from '@jest/globals';
import { buildSchema, execute, type GraphQLResolveInfo, parse } from 'graphql';
import { selects } from '../../../src/platform/graphql/selects.ts';

const schema = buildSchema(
  'type Query { part: Part other: Part } type Part { name: String wanted: Int part: Part }',
);

/** Whether the field `part` of a document selects `wanted`. */
function isWanted(document: string): boolean | undefined {
  let found: boolean | undefined;
  const part = (_args: unknown, _ctx: unknown, info: GraphQLResolveInfo) => {
    found = selects(info, 'wanted');
    return null;
  };
  execute({ schema, document: parse(document), rootValue: { part, other: null } });
  return found;
}

it.each<[string, boolean]>([
  ['{ part { name } }', false],
  ['{ part { name } other { wanted } }', false],
  ['{ part { wanted: name } }', false],
  ['{ part { renamed: wanted } }', true],
  ['{ part { part { part { wanted } } } }', true],
  ['{ part { ... { ... on Part { wanted } } } }', true],
  ['{ part { ...A } } fragment A on Part { part { ...B } } fragment B on Part { wanted }', true],
  ['{ part { ...A ...A } } fragment A on Part { name }', false],
  ['{ part { name } part { wanted } }', true],
])('%s', (document, isSelected) => {
  expect(isWanted(document)).toBe(isSelected);
});
