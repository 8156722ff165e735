import { describe, expect, it } from '@jest/globals';
import { buildSchema, type GraphQLSchema, Kind, parse } from 'graphql';
import { createMeasure } from '../../../../src/platform/graphql/documents/measure.ts';

const schema: GraphQLSchema = buildSchema(`
  interface Node { id: ID! }
  type Query { hero: Hero node(id: ID!): Node nodes(ids: [ID!]!): [Node]! heroes(first: Int!): HeroConnection! }
  type Mutation { buy: Hero paint: Hero }
  type Hero implements Node { id: ID! name: String friends(first: Int!): HeroConnection! pets(first: Int): [Hero!]! allies(first: Int = 20): [Hero!]! kin(first: Int, last: Int): HeroConnection! home: Hero }
  type HeroConnection { nodes: [Hero!]! edges: [Edge!]! pageInfo: Info! totalCount: Int! }
  type Edge { node: Hero! cursor: String! }
  type Info { hasNextPage: Boolean! }
`);
const buy = schema.getMutationType()?.getFields().buy;
if (buy) buy.extensions = { paid: true, points: 50 };

function sizeOf(text: string, variables: Record<string, unknown> = {}) {
  const document = parse(text);
  const operation = document.definitions.find(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
  return createMeasure(schema, document, variables)(operation);
}

describe('the cost', () => {
  it.each<[string, number, Record<string, unknown>?]>([
    ['{ __typename }', 1],
    ['{ hero { name } }', 1],
    ['{ hero { name id home { home { name } } } }', 3],
    ['{ heroes(first: 100) { totalCount } }', 1],
    ['{ heroes(first: 100) { nodes { name } pageInfo { hasNextPage } } }', 1 + 100 + 1],
    ['{ heroes(first: 100) { edges { cursor node { name } } } }', 1 + 200],
    ['query ($n: Int!) { heroes(first: $n) { nodes { name } } }', 1 + 7, { n: 7 }],
    ['query ($n: Int = 5) { heroes(first: $n) { nodes { name } } }', 1 + 5],
    ['query ($n: Int! = 70) { ...F } fragment F on Query { heroes(first: $n) { nodes { name } } }', 1 + 70],
    [
      'query A($n: Int! = 3) { heroes(first: $n) { nodes { name } } } query B($n: Int! = 60) { heroes(first: $n) { nodes { name } } }',
      1 + 60,
    ],
    ['query ($n: Int!) { heroes(first: $n) { nodes { name } } }', 1 + 100],
    ['query ($n: Int!) { heroes(first: $n) { nodes { name } } }', 1 + 100, { n: '7' }],
    ['query ($ids: [ID!]! = ["a", "b", "c"]) { nodes(ids: $ids) { id } }', 3],
    ['query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', 100],
    ['{ hero { allies { name } } }', 1 + 20],
    ['{ hero { allies(first: null) { name } } }', 1 + 100],
    ['{ hero { kin(last: 7) { nodes { name } } } }', 1 + 1 + 7],
    ['{ hero { kin(first: null, last: 7) { nodes { name } } } }', 1 + 1 + 7],
    ['{ hero { kin(first: 3, last: 7) { nodes { name } } } }', 1 + 1 + 7],
    [
      'query ($first: Int, $last: Int) { hero { kin(first: $first, last: $last) { nodes { name } } } }',
      1 + 1 + 8,
      { last: 8 },
    ],
    ['query ($last: Int) { hero { kin(last: $last) { nodes { name } } } }', 1 + 1 + 100],
    [
      '{ heroes(first: 10) { nodes { friends(first: 10) { nodes { friends(first: 10) { nodes { name } } } } } } }',
      1 + 10 * (2 + 10 * (2 + 10)),
    ],
    ['{ hero { pets(first: 3) { name } } }', 1 + 3],
    ['{ hero { pets { name } } }', 1 + 10],
    ['{ nodes(ids: ["a", "b", "c"]) { id } }', 3],
    ['query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', 4, { ids: ['a', 'b', 'c', 'd'] }],
    ['mutation { paint { name } }', 10 + 1],
    ['mutation { buy { name } again: buy { name } }', 2 * (50 + 1)],
    [
      '{ heroes(first: 100) { ...Page } } fragment Page on HeroConnection { nodes { ...Name } } fragment Name on Hero { name home { id } }',
      1 + 200,
    ],
    ['{ heroes(first: 2) { ... on HeroConnection { ... { nodes { name } } } } }', 1 + 2],
    ['{ heroes(first: -5) { nodes { name } } }', 1],
    ['{ heroes(first: 99999999999999999999) { nodes { name } } }', 1e9],
    ['{ nonsense { of { some { kind } } } }', 1],
  ])('of %s is %d', (text, cost, variables = {}) => {
    expect(sizeOf(text, variables).cost).toBe(cost);
  });
});

describe('the rest', () => {
  it('counts what is spread as often as it is spread', () => {
    const text = `{ a: hero { ...F } b: hero { ...F @skip(if: true) } ... @include(if: true) { hero { x: name } } }
      fragment F on Hero { y: name home { id } }`;
    expect(sizeOf(text)).toMatchObject({ depth: 3, fields: 10, aliases: 5, directives: 2, paid: 0 });
  });

  it('counts paid fields through fragments and aliases', () => {
    expect(
      sizeOf('mutation { ...F a: buy { id } } fragment F on Mutation { b: buy { id } c: buy { id } }').paid,
    ).toBe(3);
  });

  it('measures a depth from where a fragment is spread, not from where it was seen first', () => {
    const chain =
      '{ ...F hero { home { home { ...G } } } } fragment F on Query { hero { ...G } } fragment G on Hero { home { home { name } } }';
    expect(sizeOf(chain).depth).toBe(6);
  });

  it.each([
    [90, { depth: 92, fields: 1e9, aliases: 1e9, cost: 1e9 }],
    // No limit allows so many: it need not be counted, only refused.
    [3_000, { depth: 1e9 }],
  ])('takes no longer for a document whose size doubles %d times', (levels, expected) => {
    const doubling = Array.from(
      { length: levels },
      (_, i) => `fragment F${i} on Hero { a: home { ...F${i + 1} } b: home { ...F${i + 1} } }`,
    );
    expect(
      sizeOf(`{ hero { ...F0 } } ${doubling.join(' ')} fragment F${levels} on Hero { name }`),
    ).toMatchObject(expected);
  });

  it.each([
    [100, { depth: 2, fields: 2 }],
    [101, { depth: 1e9 }],
  ])('follows a chain of %d fragments so far', (count, expected) => {
    const chain = Array.from({ length: count - 1 }, (_, i) => `fragment F${i} on Hero { ...F${i + 1} }`);
    const last = `fragment F${count - 1} on Hero { name }`;
    expect(sizeOf(`{ hero { ...F0 } } ${chain.join(' ')} ${last}`)).toMatchObject(expected);
  });

  it('counts the same name in one place, also through fragments, and apart in different places', () => {
    expect(sizeOf('{ hero { name name id } a: hero { name } }').repeats).toBe(2);
    expect(
      sizeOf('{ hero { name ...F ... on Hero { name: id ...F } } } fragment F on Hero { name }').repeats,
    ).toBe(4);
  });

  it('ends on a fragment within itself', () => {
    expect(
      sizeOf('{ hero { ...A } } fragment A on Hero { home { ...B } } fragment B on Hero { home { ...A } }')
        .depth,
    ).toBe(3);
  });
});
