import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { buildSchema, parse, validate } from 'graphql';
import { files, printTypes } from '../support/operations/print.ts';
import type { DataOf, Right, Selected } from '../support/operations/read.ts';

const contract = readFileSync(files.contract, 'utf8');
const schema = buildSchema(contract);

/** What the server finds wrong with a text. The compiler has looked at it before. */
function wrongIn<const Text extends string>(text: Text & Right<Text>): string[] {
  return validate(schema, parse(text)).map(({ message }) => message);
}

it('the types that operations are read by are those of the contract', () => {
  expect(readFileSync(files.types, 'utf8')).toBe(printTypes(contract));
});

it('what the server refuses is refused by the compiler', () => {
  const refused = [
    // @ts-expect-error: a field that its type does not have
    wrongIn('{ viewer { knd } }'),
    // @ts-expect-error: a field that is nested and aliased
    wrongIn('query ($id: ID!) { project(id: $id) { all: characters(first: 1) { nodes { nme } } } }'),
    // @ts-expect-error: an argument that its field does not take
    wrongIn('query ($id: ID!) { node(id: $id) { id } project(id: $id, name: "x") { id } }'),
    // @ts-expect-error: a field that an input object does not have
    wrongIn('mutation { createProject(input: { name: "x", colour: "red" }) { project { id } } }'),
    // @ts-expect-error: a field of a type that another fragment is of
    wrongIn('query ($id: ID!) { node(id: $id) { ... on Image { sha256 } ... on Project { sha256 } } }'),
    // @ts-expect-error: a field of a fragment with a name
    wrongIn('{ viewer { ...Who } } fragment Who on Viewer { kind colour }'),
    // @ts-expect-error: a type that there is not
    wrongIn('query ($id: ID!) { node(id: $id) { ... on Picture { id } } }'),
    // @ts-expect-error: no selection of an object
    wrongIn('query ($id: ID!) { project(id: $id) }'),
  ];
  for (const wrong of refused) expect(wrong).not.toEqual([]);
  // @ts-expect-error: no GraphQL
  expect(() => wrongIn('{ viewer { kind }')).toThrow('Syntax Error');
});

it('what the server takes is taken by the compiler, and read as what it answers', () => {
  const text = `query ($id: ID!, $first: Int! = 3) { one: project(id: "x") { id } node(id: $id) { __typename id
    ... on Image { small: url(width: 16, format: WEBP) } ...Run } imageModels { slug } }
    fragment Run on Generation { status images { index } character { generations(first: $first) { nodes { cost } } } }`;
  expect(wrongIn(text)).toEqual([]);
  const is = <Expected>(_: Expected) => undefined;
  void ((data: DataOf<typeof text>) => {
    is<string>(data.one.id);
    is<string>(data.node.small);
    is<number>(data.node.images[0].index);
    is<string>(data.node.character.generations.nodes[0].cost);
    is<string[]>(data.imageModels.map(({ slug }) => slug));
    // @ts-expect-error: not a state of a run
    if (data.node.status === 'DONE') return;
    // @ts-expect-error: not selected
    is<unknown>(data.node.sha256);
    is<Selected<'Project', '{ id }'>>({ id: 'x' });
    // @ts-expect-error: an id is a text
    is<Selected<'Project', '{ id }'>>({ id: 1 });
  });
});
