import { expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { documentLimits } from '../../../../src/platform/graphql/documents/document-limits.ts';
import { createPrepare } from '../../../../src/platform/graphql/documents/prepare.ts';

const hundred = Array.from({ length: 100 }, (_, index) => `f${index}`);
const schema = buildSchema(`
  scalar Any
  type Query { hero(ids: Any): Hero heroes(first: Int!): [Hero!]! ${hundred.map((name) => `${name}: Int`).join(' ')} }
  type Hero { name: String home: Hero }
  type Mutation { buy: Int }`);
const buy = schema.getMutationType()?.getFields().buy;
if (buy) buy.extensions = { paid: true };

const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');
/** Valid documents that have so many of what is limited, and no more than is allowed of all else. */
const documents: Readonly<Record<keyof typeof documentLimits, (size: number) => string>> = {
  characters: (size) => '{ hero { name } }'.padEnd(size),
  // Twelve of them are around the list.
  tokens: (size) => `{ hero(ids: [${times(size - 12, () => '1')}]) { name } }`,
  nesting: (size) => `{ hero(ids: ${'['.repeat(size - 2)}${']'.repeat(size - 2)}) { name } }`,
  depth: (size) => `{ hero ${'{ home '.repeat(size - 2)}{ name }${' }'.repeat(size - 2)} }`,
  fields: (size) =>
    `{ ${times(size / 100, () => '...F')} ${hundred.slice(0, size % 100).join(' ')} } fragment F on Query { ${hundred.join(' ')} }`,
  aliases: (size) => `{ ${times(size, (index) => `a${index}: __typename`)} }`,
  directives: (size) => `{ ${times(size, (index) => `a${index}: __typename @include(if: true)`)} }`,
  repeats: (size) => `{ ${times(size, () => '__typename')} }`,
  paid: (size) => `mutation { ${times(size, (index) => `a${index}: buy`)} }`,
  cost: (size) => `{ heroes(first: ${size}) { name } }`,
};

it.each(Object.entries(documents))('a document may have as many %s as the limit says', (name, documentOf) => {
  const limit = documentLimits[name as keyof typeof documentLimits];
  const prepare = createPrepare(schema);
  const ask = (query: string) =>
    prepare({ query, operationName: null, variables: {} }, { mayIntrospect: true }).errors?.[0];
  expect(ask(documentOf(limit))).toBeUndefined();
  const refused = ask(documentOf(limit + 1));
  expect(refused?.extensions.code).toBe(name === 'cost' ? 'COST_LIMIT_EXCEEDED' : 'DOCUMENT_LIMIT_EXCEEDED');
  expect(refused?.message).toMatch(new RegExp(`(at most|more than) ${limit}\\b`));
});
