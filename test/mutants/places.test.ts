import { expect, it } from '@jest/globals';
import { findMutations } from './places.ts';

/** A text with each of its mutations. */
function mutants(source: string): string[] {
  const bytes = Buffer.from(source);
  return findMutations(source).map(({ start, end, becomes }) =>
    Buffer.concat([bytes.subarray(0, start), Buffer.from(becomes), bytes.subarray(end)]).toString(),
  );
}

it.each<[string, string[]]>([
  ["'ü'; if (a <= b) c;", ["'ü'; if (!(a <= b)) c;", "'ü'; if (a < b) c;"]],
  ['x = a ? b : c;', ['x = !(a) ? b : c;']],
  ['x = (a) /* || */ && b;', ['x = (a) /* || */ || b;']],
  ['async () => { await f(g()); }', ['async () => { void f(g()); }', 'async () => { ; }']],
  ['f(1n);', [';', 'f((1n + 1n));']],
  ['() => { return a; }', ['() => { return undefined; }']],
  [
    'sql`WHERE ä < b AND c ORDER BY d DESC`;',
    [
      'sql`WHERE ä <= b AND c ORDER BY d DESC`;',
      'sql`WHERE ä < b OR c ORDER BY d DESC`;',
      'sql`WHERE ä < b AND c ORDER BY d ASC`;',
    ],
  ],
  ["ctx.log.warn({ a: 1 }, 'text'); type T = 1 | 2; f`a < b`;", []],
  ['class C { @Field(() => Int, { points: 7 }) x = y as 3; }', []],
])('%s', (source, expected) => {
  expect(mutants(source)).toEqual(expected);
});
