import { readFileSync } from 'node:fs';
import { buildSchema, type GraphQLSchema, getIntrospectionQuery, parse, validate } from 'graphql';
import { createPrepare } from '../src/platform/graphql/documents/prepare.ts';
import { hostileDocuments } from '../test/support/hostile.ts';

/*
 * Prints two ratios of time: refusing a hostile document to preparing an honest one, and preparing an honest one, with
 * guards and cache, to only parsing and validating it. Both sides are measured in turn in one process.
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

/** The median times of several works. The works alternate, so that noise affects all of them. */
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

process.stdout.write(
  '\nRefusing a hostile document, as a multiple of preparing the honest one for the first time:\n',
);
for (const [name, document] of [
  ['(introspection, which is answered)', getIntrospectionQuery()] as const,
  ...hostileDocuments,
]) {
  const refuse = () => createPrepare(schema)(asked(document), options);
  const [honestMs = 0, hostileMs = 0] = compare([fresh, refuse], 30);
  print(name, hostileMs / honestMs);
}
