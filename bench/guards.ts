import { readFileSync } from 'node:fs';
import { buildSchema, type GraphQLSchema, getIntrospectionQuery, parse, validate } from 'graphql';
import { createPrepare } from '../src/platform/graphql/documents/prepare.ts';
import { hostileDocuments } from '../test/support/hostile.ts';

/*
 * What refusing a hostile document takes, as a multiple of what preparing an honest one takes; and what an honest one
 * takes with guards and cache, as a multiple of bare parsing and validation. Taken turn by turn in one process.
 */
const honest = `query Library($first: Int!) { projects(first: $first) { nodes { id name characters(first: 20) { nodes {
  id name tags referenceImages(first: 3) { kind image { url(width: 256) } } } pageInfo { hasNextPage endCursor } } } } }`;

const schema: GraphQLSchema = buildSchema(
  readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'),
);
const asked = (query: string) => ({ query, operationName: null, variables: { first: 10 } });
const options = { mayIntrospect: true };

function tookMs(work: () => unknown): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** The medians of several pieces of work, done turn by turn so that noise falls on all of them. */
function compare(work: readonly (() => unknown)[], rounds: number): number[] {
  const took = work.map(() => [] as number[]);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, each] of work.entries()) took[index]?.push(tookMs(each));
  }
  return took.map(median);
}

function print(name: string, ratio: number): void {
  process.stdout.write(`${ratio.toFixed(2).padStart(8)}  ${name}\n`);
}

const bare = () => validate(schema, parse(honest));
const fresh = () => createPrepare(schema)(asked(honest), options);
const warm = createPrepare(schema);
warm(asked(honest), options);
const known = () => warm(asked(honest), options);
compare([bare, fresh, known], 200);

process.stdout.write('Preparing an honest document, as a multiple of bare parsing and validation:\n');
const [bareMs = 0, freshMs = 0, knownMs = 0] = compare([bare, fresh, known], 500);
print('seen for the first time', freshMs / bareMs);
print('known', knownMs / bareMs);

process.stdout.write('\nRefusing, as a multiple of preparing that one for the first time:\n');
for (const [name, document] of [
  ['(introspection, which is answered)', getIntrospectionQuery()] as const,
  ...hostileDocuments,
]) {
  const refuse = () => createPrepare(schema)(asked(document), options);
  const [honestMs = 0, hostileMs = 0] = compare([fresh, refuse], 30);
  print(name, hostileMs / honestMs);
}
