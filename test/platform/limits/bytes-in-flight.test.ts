import { expect, it } from '@jest/globals';
import { Overloaded, RateLimited } from '../../../src/errors.ts';
import { createLogger } from '../../../src/logger.ts';
import { createBytesInFlight, type Hold } from '../../../src/platform/limits/bytes-in-flight.ts';

const mib = 1_048_576;

function open() {
  const lines: string[] = [];
  const log = createLogger('info', { write: (line) => void lines.push(JSON.parse(line).msg) });
  return { bytes: createBytesInFlight({ all: 4 * mib, each: mib }, log), lines };
}

/** Adds pieces until one is refused; resolves to how much went in, and to the refusal. */
function fill(hold: Hold, piece = 16_384): { taken: number; refusal: unknown } {
  for (let taken = 0; ; taken += piece) {
    try {
      hold.add(piece);
    } catch (refusal) {
      return { taken, refusal };
    }
    if (taken > 16 * mib) throw new Error('Nothing was refused.');
  }
}

it('one who holds its share is refused; others are not, and what is done with makes room', () => {
  const { bytes, lines } = open();
  const [first, second] = [bytes.hold('one'), bytes.hold('one')];
  for (let index = 0; index < 26; index += 1) first.add(16_384);
  const { taken, refusal } = fill(second);
  expect(refusal).toBeInstanceOf(RateLimited);
  expect(refusal).toMatchObject({ retryAfterSeconds: 1 });
  expect(26 * 16_384 + taken).toBeLessThanOrEqual((mib * 7) / 8);
  expect(26 * 16_384 + taken).toBeGreaterThan(mib / 2);
  expect(() => first.expect(mib / 4)).toThrow(RateLimited);
  fill(bytes.hold('other'));
  first.release();
  first.release();
  expect(() => second.expect(mib / 4)).not.toThrow();
  expect(fill(second).taken).toBeGreaterThan(mib / 4);
  expect(lines).toEqual([]);
});

it('all together are refused when they hold what the process takes, told once, and once more when it is over', () => {
  const { bytes, lines } = open();
  const holds = Array.from({ length: 8 }, (_, index) => bytes.hold(`viewer ${index}`));
  const filled = holds.map((hold) => fill(hold));
  expect(filled.filter(({ refusal }) => refusal instanceof RateLimited)).toHaveLength(4);
  expect(filled.filter(({ refusal }) => refusal instanceof Overloaded)).toHaveLength(4);
  expect(filled.reduce((sum, { taken }) => sum + taken, 0)).toBeLessThanOrEqual(4 * mib);
  expect(lines).toHaveLength(1);
  for (const hold of holds) hold.release();
  expect(lines).toHaveLength(2);
  expect(fill(bytes.hold('next')).taken).toBeGreaterThan(mib / 2);
});

it('small requests find room beside large ones, of the same viewer and of others, but not without end', () => {
  const { bytes } = open();
  for (let index = 0; index < 8; index += 1) fill(bytes.hold(`viewer ${index}`));
  for (const who of ['viewer 0', 'somebody']) expect(() => bytes.hold(who).add(1_000)).not.toThrow();
  let small = 0;
  try {
    for (; small < 10_000; small += 1) bytes.hold('viewer 0').add(1_000);
  } catch (error) {
    expect(error).toBeInstanceOf(RateLimited);
  }
  expect(small * 1_000).toBeLessThan(mib / 8);
});

it('a piece of a byte counts as the memory that it takes', () => {
  const { bytes } = open();
  expect(fill(bytes.hold('one'), 1).taken).toBeLessThan(mib / 500);
});
