/** Documents that have brought servers down, and what they are called. */
export const hostileDocuments: readonly (readonly [name: string, document: string])[] = [
  ['5,000 deep', `${'{a'.repeat(5_000)}${'}'.repeat(5_000)}`],
  [
    '200 deep',
    `{ projects(first: 1) { nodes { ${'characters(first: 1) { nodes { project { '.repeat(66)} name ${'} } }'.repeat(66)} } } }`,
  ],
  [
    '16 deep',
    `{ projects(first: 1) { nodes { ${'characters(first: 1) { nodes { project { '.repeat(5)} name ${'} } }'.repeat(5)} } } }`,
  ],
  [
    'a fragment within itself',
    '{ projects(first: 1) { nodes { ...F } } } fragment F on Project { name ...F }',
  ],
  [
    'a circle of fragments',
    '{ projects(first: 1) { nodes { ...F } } } fragment F on Project { ...G } fragment G on Project { name ...F }',
  ],
  ['fragments that double 25 times', doubling(25)],
  ['fragments that double 60 times', doubling(60)],
  ['3,000 aliases', `{ ${Array.from({ length: 3_000 }, (_, i) => `a${i}: __typename`).join(' ')} }`],
  ['101 aliases', `{ ${Array.from({ length: 101 }, (_, i) => `a${i}: __typename`).join(' ')} }`],
  [
    'aliases in fragments',
    `{ ${'...A '.repeat(11)} } fragment A on Query { ${Array.from({ length: 10 }, (_, i) => `a${i}: __typename`).join(' ')} }`,
  ],
  ['a field 20,000 times', `{ ${'__typename '.repeat(20_000)} }`],
  ['a field 3,000 times', `{ ${'__typename '.repeat(3_000)} }`],
  ['1,000 directives', `{ __typename ${'@include(if: true) '.repeat(600)} }`],
  ['unknown directives', `{ __typename ${'@aa '.repeat(1_900)} }`],
  ['11 paid runs', `mutation { ${paidRuns(11)} }`],
  [
    'a million in nested lists',
    '{ projects(first: 100) { nodes { characters(first: 100) { nodes { generations(first: 100) { nodes { id } } } } } } }',
  ],
  ['lists in lists', `{ project(id: ${'['.repeat(1_500)}${']'.repeat(1_500)}) { id } }`],
  [
    'objects in objects',
    `mutation { generate(input: ${'{a:'.repeat(900)}1${'}'.repeat(900)}) { userErrors { code } } }`,
  ],
  ['types in types', `query ($a: ${'['.repeat(1_500)}Int${']'.repeat(1_500)}) { __typename }`],
  ['a million characters', `{ __typename # ${'x'.repeat(1_000_000)}\n }`],
  [
    'a chain of introspection',
    `{ __schema { types { ${'fields { type { '.repeat(8)} name ${'} }'.repeat(8)} } } }`,
  ],
  [
    'introspection lists in lists',
    '{ __type(name: "Project") { fields { type { fields { type { fields { type { fields { name } } } } } } } } }',
  ],
  // What got past widely used guards: a name that was taken for introspection, and a depth remembered from elsewhere.
  [
    'depth in a fragment named __schema',
    `{ ...__schema } fragment __schema on Query { projects(first: 1) { nodes { ${'characters(first: 1) { nodes { project { '.repeat(5)} name ${'} } }'.repeat(5)} } } }`,
  ],
  [
    'cost in a fragment named __schema',
    '{ ...__schema } fragment __schema on Query { projects(first: 100) { nodes { characters(first: 100) { nodes { generations(first: 100) { nodes { id } } } } } } }',
  ],
  [
    'depth in a fragment that was seen shallow before',
    `{ projects(first: 1) { nodes { ...Deep characters(first: 1) { nodes { project { characters(first: 1) { nodes { project { ...Deep } } } } } } } } }
     fragment Deep on Project { characters(first: 1) { nodes { project { characters(first: 1) { nodes { project { createdAt characters(first: 1) { totalCount } } } } } } } }`,
  ],
];

function doubling(levels: number): string {
  const fragments = Array.from(
    { length: levels },
    (_, i) =>
      `fragment F${i} on Project { ...F${i + 1} characters(first: 1) { nodes { project { ...F${i + 1} } } } }`,
  );
  return `{ projects(first: 1) { nodes { ...F0 } } } ${fragments.join(' ')} fragment F${levels} on Project { name }`;
}

function paidRuns(count: number): string {
  const run =
    'generate(input: { characterId: "x", model: { consistentCharacter: { prompt: "x" } } }) { userErrors { code } }';
  return Array.from({ length: count }, (_, i) => `a${i}: ${run}`).join(' ');
}
