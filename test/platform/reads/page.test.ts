import { expect, it } from '@jest/globals';
import { BadArgument } from '../../../src/errors.ts';
import { imagesOfGeneration } from '../../../src/features/generations/generated-image.view.ts';
import { decodeCursor, encodeCursor, notACursor, sliceOf } from '../../../src/platform/reads/page.ts';

const id = '00000000-0000-4000-8000-000000000000';

it.each(['0001-01-01T00:00:00.000Z', '2024-02-29T12:00:00.500Z', '9999-12-31T23:59:59.999Z'])(
  'a cursor at %s is read back',
  (at) => {
    expect(decodeCursor('after', encodeCursor({ at, id }))).toEqual({ at, id });
  },
);

it.each(['0', '7', '2147483647'])('a cursor at the number %s is read back', (at) => {
  const after = encodeCursor({ at, id });
  expect(sliceOf(imagesOfGeneration, { first: 1, after })).toMatchObject({ after: { at, id } });
});

it.each(['-1', '01', '1.5', '1e3', '2147483648', '2026-01-01T00:00:00.000Z'])(
  'a cursor at %s is none of a list in the order of a number: Postgres would refuse the statement',
  (at) => {
    const after = encodeCursor({ at, id });
    expect(() => sliceOf(imagesOfGeneration, { first: 1, after })).toThrow(BadArgument);
  },
);

it.each([
  // JavaScript takes it for 2 March; Postgres would refuse the statement.
  ['a day that there is not', '2026-02-30T00:00:00.000Z'],
  ['a year that Postgres has not', '0000-01-01T00:00:00.000Z'],
  ['an hour in other words', '2026-01-01T24:00:00.000Z'],
  ['less than milliseconds', '2026-01-01T00:00:00Z'],
  ['another zone', '2026-01-01T00:00:00.000+01:00'],
  ['a year of six digits', '+010000-01-01T00:00:00.000Z'],
  ['no time', 'now'],
])('a cursor with %s is none', (_, at) => {
  expect(() => decodeCursor('after', encodeCursor({ at, id }))).toThrow(BadArgument);
});

it.each([
  ['blanks', (cursor: string) => ` ${cursor}`],
  ['NUL', (cursor: string) => `${cursor}\0`],
  ['padding', (cursor: string) => `${cursor}==`],
  ['half of a surrogate pair', (cursor: string) => `\ud800${cursor}`],
])('a cursor with %s around it is none: it has one spelling', (_, spell) => {
  const cursor = encodeCursor({ at: '2026-01-01T00:00:00.000Z', id });
  expect(() => decodeCursor('after', spell(cursor))).toThrow(/^after: "[^\p{Cc}]*" is not a cursor/u);
});

it('a cursor that is told back is cut between characters', () => {
  const { message } = notACursor('after', `${'a'.repeat(99)}😀`);
  expect(message).toBe(`after: "${'a'.repeat(99)}" is not a cursor of this list.`);
});
