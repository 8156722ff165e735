import type { GraphQLSchema } from 'graphql';
import {
  type GraphQLInputType,
  type GraphQLOutputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';

/** Numbers from 0 to 1 that are the same in every run. */
export function createChance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface HostileOperation {
  readonly query: string;
  readonly variables?: unknown;
  readonly operationName?: unknown;
}

/** Numbers, texts and names that have broken parsers and databases before. */
const oddValues = [
  '0',
  '-1',
  '2147483648',
  '9007199254740993',
  '1e400',
  '-0',
  '00',
  '1.',
  '0x7f',
  '""',
  '"\\u0000"',
  '"\\uD800"',
  '"\\uD83D\\uDE00"',
  '"\\u{10FFFF}"',
  '"\'; DROP TABLE projects; --"',
  '"$ne"',
  '"{\\"a\\":1}"',
  '"../../etc/passwd"',
  '"%00"',
  `"${'A'.repeat(2_000)}"`,
  '"""\n  block \\""" text\n"""',
  '"unclosed',
  'null',
  'true',
  '[]',
  '[[[]]]',
  '{}',
  '{a: {b: {c: 1}}}',
  '$missing',
  'ENUM',
  '[1, "two", null, {three: 3}]',
  '"\\x"',
  "'single'",
  '__proto__',
  'constructor',
];
const oddNames = [
  '__proto__',
  'constructor',
  'toString',
  '__typename',
  '__schema',
  '__type',
  'a'.repeat(300),
  'ｆｕｌｌ',
  '_',
  'query',
  'fragment',
  'on',
  'true',
  'null',
  'hasOwnProperty',
];
const noise = [
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  '!',
  '$',
  '@',
  '&',
  '|',
  '...',
  ':',
  '=',
  '#',
  '"',
  '"""',
  ',',
  '\u0000',
  '\uFEFF',
  '\uD800',
  '\\',
  '\n',
  '\u2028',
  'on',
  'fragment',
  'subscription',
  '0',
  '💥',
];

/** Makes documents from the schema's own words: some that could run, many that nearly could, and some that are an attack. */
export function createGrammar(schema: GraphQLSchema, chance: () => number, ids: readonly string[]) {
  const below = (bound: number) => Math.floor(chance() * bound);
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item;
  const maybe = (probability: number) => chance() < probability;
  const times = (count: number, make: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => make(index)).join(' ');

  function value(type: GraphQLInputType, depth = 0): string {
    if (maybe(0.06)) return pick(oddValues);
    if (isNonNullType(type)) return value(type.ofType, depth);
    if (isListType(type)) return `[${times(below(4), () => value(type.ofType, depth + 1))}]`;
    if (isEnumType(type)) return pick(type.getValues()).name;
    if (isInputObjectType(type)) {
      if (depth > 4) return '{}';
      const fields = Object.values(type.getFields()).filter(
        (field) => isNonNullType(field.type) || maybe(0.3),
      );
      return `{${fields.map((field) => `${maybe(0.02) ? pick(oddNames) : field.name}: ${value(field.type, depth + 1)}`).join(', ')}}`;
    }
    const name = getNamedType(type).name;
    if (name === 'ID') return `"${pick(ids)}"`;
    if (name === 'Int' || name === 'SafeInt')
      return String(pick([1, 5, 100, 101, 1_000_000, -1, below(200)]));
    if (name === 'Float') return String(chance() * 10);
    if (name === 'Boolean') return maybe(0.5) ? 'true' : 'false';
    if (name === 'DateTime')
      return pick(['"2026-01-01T00:00:00Z"', '"yesterday"', '"+275760-09-13T00:00:00Z"', '0']);
    if (name === 'URL')
      return pick(['"http://127.0.0.1:1/x.png"', '"file:///etc/passwd"', '"gopher://x"', '"x"']);
    return `"${pick(['x', '', 'Mara', 'ü'.repeat(50)])}"`;
  }

  function selections(type: GraphQLOutputType, depth: number): string {
    const named = getNamedType(type);
    if (!isObjectType(named) && !isInterfaceType(named)) return maybe(0.02) ? '{ id }' : '';
    const fields = Object.values(named.getFields());
    const count = depth > 6 ? 1 : 1 + below(4);
    const inner = times(count, () => {
      if (maybe(0.03)) return `...${pick(['A', 'B', 'C', '__schema'])}`;
      if (maybe(0.03)) return `... on ${pick([named.name, 'Project', 'Node', 'Nothing'])} { __typename }`;
      if (maybe(0.02)) return pick(oddNames);
      const field =
        pick(depth > 6 ? fields.filter(({ type: each }) => !isObjectType(getNamedType(each))) : fields) ??
        pick(fields);
      const given = field.args.filter((argument) => isNonNullType(argument.type) || maybe(0.3));
      const list = given.map(
        (argument) => `${argument.name}: ${maybe(0.05) ? `$v${below(3)}` : value(argument.type)}`,
      );
      const alias = maybe(0.1) ? `${pick(['a', 'b', ...oddNames])}: ` : '';
      const directive = maybe(0.04)
        ? pick([' @include(if: true)', ' @skip(if: $v0)', ' @deprecated', ' @a @a @a', ' @oneOf'])
        : '';
      return `${alias}${field.name}${list.length > 0 ? `(${list.join(', ')})` : ''}${directive} ${depth > 12 ? '' : selections(field.type, depth + 1)}`;
    });
    return `{ ${inner} }`;
  }

  function operation(): string {
    const kind = pick(['query', 'query', 'query', 'mutation', 'subscription'] as const);
    const root = {
      query: schema.getQueryType(),
      mutation: schema.getMutationType(),
      subscription: schema.getSubscriptionType(),
    }[kind];
    if (!root) throw new Error(`no ${kind}`);
    const variables = maybe(0.15)
      ? `($v0: ${pick(['Int', 'Boolean!', 'ID!', '[ID!]!', 'GenerateInput!', 'Nothing', '[[[[Int]]]]'])}${maybe(0.3) ? ` = ${pick(oddValues)}` : ''})`
      : '';
    const fragments = maybe(0.1)
      ? ` fragment A on ${pick(['Query', 'Project', 'Node', 'Nothing'])} { __typename ${pick(['', '...B', '...A'])} } fragment B on Project { name ${pick(['', '...A'])} }`
      : '';
    return `${kind} ${maybe(0.2) ? pick(['Op', ...oddNames]) : ''}${variables} ${selections(root, 0)}${fragments}`;
  }

  const attacks: readonly (() => string)[] = [
    () => `${'{projects(first:1){nodes'.repeat(1 + below(400))}`,
    () => {
      const depth = 5 + below(300);
      return `{ projects(first: 1) { nodes { ${'characters(first: 1) { nodes { project { '.repeat(depth)} id ${'} } }'.repeat(depth)} } } }`;
    },
    () => `{ ${times(50 + below(3_000), (index) => `a${index}: __typename`)} }`,
    () => `{ ${'__typename '.repeat(below(8_000))} }`,
    () => `{ __typename ${'@include(if: true) '.repeat(below(1_000))} }`,
    () => {
      const levels = 2 + below(60);
      return `{ projects(first: 1) { nodes { ...F0 } } } ${times(levels, (index) => `fragment F${index} on Project { ...F${index + 1} x: name ...F${index + 1} }`)} fragment F${levels} on Project { ${pick(['name', '...F0'])} }`;
    },
    () => `{ project(id: ${'['.repeat(below(3_000))}${']'.repeat(below(3_000))}) { id } }`,
    () =>
      `mutation { generate(input: ${'{a:'.repeat(below(1_200))}1${'}'.repeat(below(1_200))}) { userErrors { code } } }`,
    () => `query ($a: ${'['.repeat(below(1_800))}Int${']'.repeat(below(1_800))}) { __typename }`,
    () =>
      `{ __schema { types { ${'fields { type { '.repeat(1 + below(30))} name ${'} }'.repeat(1 + below(30))} } } }`,
    () =>
      `{ projects(first: ${pick([100, 101, 1e6, 2e9])}) { nodes { ${'characters(first: 100) { nodes { generations(first: 100) { nodes { id } } } }'} } } }`,
    () =>
      `mutation { ${times(2 + below(40), (index) => `a${index}: generate(input: { characterId: "${pick(ids)}", model: { consistentCharacter: { prompt: "x" } } }) { userErrors { code } }`)} }`,
    () => `{ nodes(ids: [${times(below(300), () => `"${pick(ids)}"`)}]) { id } }`,
    () => `{ __typename } #${'x'.repeat(below(60_000))}`,
    () => `{ a: __type(name: "${'\\u0041'.repeat(below(5_000))}") { name } }`,
    () => times(1 + below(200), (index) => `query Q${index} { __typename }`),
    () => times(below(300), () => pick(noise)),
    () => Array.from({ length: below(400) }, () => String.fromCharCode(below(0x3000))).join(''),
  ];

  /** Takes letters away, doubles them, or puts noise between them. */
  function damaged(text: string): string {
    const at = below(text.length);
    return pick([
      () => text.slice(0, at),
      () => text.slice(at),
      () => text.slice(0, at) + pick(noise) + text.slice(at),
      () => text.slice(0, at) + text.slice(at + 1 + below(5)),
      () => text.slice(0, at) + text.slice(at, at + 40).repeat(below(30)) + text.slice(at),
      () => text.replaceAll('{', '{ {'),
      () => text.replaceAll(' ', pick(['\t', '\uFEFF', '\u00a0', ',', '\n\r'])),
    ])();
  }

  const oddVariables: readonly unknown[] = [
    undefined,
    {},
    { v0: 1 },
    { v0: null },
    { v0: 'x' },
    { v0: [[[[1]]]] },
    { v0: { a: { b: 1 } } },
    { v0: 1e308 },
    { v0: '\u0000' },
    { v0: '\ud800' },
    { v0: ids },
    null,
  ];

  return (): HostileOperation => {
    const kind = chance();
    const query = kind < 0.45 ? operation() : kind < 0.75 ? damaged(operation()) : pick(attacks)();
    return {
      query,
      variables: pick(oddVariables),
      ...(maybe(0.05) ? { operationName: pick(['Op', 'Q1', '__proto__', '']) } : {}),
    };
  };
}
