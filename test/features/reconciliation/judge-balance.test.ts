import { describe, expect, it } from '@jest/globals';
import { type Interval, unexplainedOf } from '../../../src/features/reconciliation/intervals.ts';
import { judgeBalance, type Suspect } from '../../../src/features/reconciliation/judge-balance.ts';

const price = 85_000n;
const lifetimeMs = 3_600_000;
const at = (minute: number) => new Date(Date.parse('2026-11-01T12:00:00Z') + minute * 60_000);

/** Minutes, and by how much the balance fell more than the books explain. */
function interval(from: number, to: number, fell: bigint, more: Partial<Interval> = {}): Interval {
  return {
    id: BigInt(to),
    from: at(from),
    to: at(to),
    isQuiet: true,
    balanceBefore: 10_000_000n,
    balanceAfter: 10_000_000n - fell - (more.costMicros ?? 0n),
    bookedMicros: 0n,
    heldBefore: 0n,
    openRuns: 0,
    openHolds: 0n,
    runs: 0,
    costMicros: 0n,
    provenRuns: 0,
    assumedRuns: 0,
    pendingRuns: 0,
    ...more,
  };
}
const run = (id: string, minute: number, more: Partial<Suspect> = {}): Suspect => ({
  id,
  since: at(minute),
  attemptedAt: at(minute),
  holdMicros: 2n * price,
  priceMicros: price,
  ...more,
});
const judge = (intervals: Interval[], ...runs: Suspect[]) =>
  Object.fromEntries(
    [...judgeBalance(intervals, runs, lifetimeMs).findings].map(([id, finding]) => [
      id,
      finding.kind === 'CHARGED' ? finding.costMicros : finding.kind,
    ]),
  );

describe('nothing is concluded', () => {
  it.each([
    ['without an observation', [], [run('a', 5)]],
    ['of a run that is older than the first', [interval(0, 90, price)], [run('a', -1)]],
    ['of a run in whose time the balance rose', [interval(0, 90, -1_000_000n)], [run('a', 5)]],
    [
      'where the account was topped up while the balance fell',
      [interval(0, 90, -20_000n, { costMicros: 50_000n, runs: 1 })],
      [run('a', 5)],
    ],
    ['before the provider would have forgotten it', [interval(0, 60, 0n)], [run('a', 5)]],
    ['where more is missing than it held', [interval(0, 90, 2n * price + 100n)], [run('a', 5)]],
    ['where one of two was charged', [interval(0, 90, price)], [run('a', 5), run('b', 6)]],
    ['where prices differ', [interval(0, 90, 2n * price)], [run('a', 5), run('b', 6, { priceMicros: 1n })]],
    [
      'where no price is known',
      [interval(0, 90, 2n * price)],
      [run('a', 5, { priceMicros: null }), run('b', 6, { priceMicros: null })],
    ],
    ['where other costs are only assumed', [interval(0, 90, price + 50n, { assumedRuns: 1 })], [run('a', 5)]],
    ['where a cost is still to come', [interval(0, 90, price, { pendingRuns: 1 })], [run('a', 5)]],
    [
      'after a question without an answer',
      [interval(0, 10, price), interval(10, 200, 0n)],
      [run('a', 5), run('b', 6)],
    ],
    [
      'of a run of a database that went back: a lost one may have been charged',
      [interval(0, 90, price)],
      [run('a', 5, { since: at(1) })],
    ],
    [
      'of one that may have been charged before it was in doubt',
      [interval(0, 4, price), interval(4, 90, 0n)],
      [run('a', 5, { since: at(1) })],
    ],
    [
      'of a run, where another run may have been charged instead',
      [interval(0, 10, price), interval(10, 20, 0n)],
      [run('a', 5), run('b', 6)],
    ],
  ])('%s', (_, intervals, runs) => {
    expect(judge(intervals, ...runs)).toEqual({});
  });
});

describe('it is known', () => {
  it.each([
    ['that one was charged, at once', [interval(0, 10, 91_237n)], [run('a', 5)], { a: 91_237n }],
    [
      'also when it was later than its submit',
      [interval(0, 10, 0n), interval(10, 20, price)],
      [run('a', 5)],
      { a: price },
    ],
    [
      'though other costs are assumed, when it is its price',
      [interval(0, 10, price, { assumedRuns: 4 })],
      [run('a', 5)],
      { a: price },
    ],
    [
      'that it was not, when its time is over',
      [interval(0, 30, 0n), interval(30, 65, 0n)],
      [run('a', 5)],
      { a: 'NOT_CHARGED' },
    ],
    [
      'that it was not, though the database went back',
      [interval(0, 30, 0n), interval(30, 65, 0n)],
      [run('a', 5, { since: at(1) })],
      { a: 'NOT_CHARGED' },
    ],
    [
      'within what rounding makes of it',
      [interval(0, 65, 4n, { runs: 2 })],
      [run('a', 5)],
      { a: 'NOT_CHARGED' },
    ],
    [
      'that all were',
      [interval(0, 10, 3n * price)],
      [run('a', 5), run('b', 6), run('c', 7)],
      { a: price, b: price, c: price },
    ],
    [
      'that all were, one after another',
      [interval(0, 10, price), interval(10, 20, price)],
      [run('a', 5), run('b', 6)],
      { a: price, b: price },
    ],
    [
      'of one after another',
      [interval(0, 10, price), interval(10, 20, 0n), interval(20, 90, 0n)],
      [run('a', 5), run('b', 15)],
      { a: price, b: 'NOT_CHARGED' },
    ],
  ])('%s', (_, intervals, runs, findings) => {
    expect(judge(intervals, ...runs)).toEqual(findings);
  });
});

describe('what cannot be explained', () => {
  it('is exact between quiet moments', () => {
    expect(unexplainedOf(interval(0, 10, 1n, { costMicros: 85_000n, runs: 1 }))).toBe(1n);
    expect(unexplainedOf(interval(0, 10, -7n, { costMicros: 85_000n, runs: 1 }))).toBe(-7n);
  });

  it('is not told while open runs may account for it, and is what is beyond them', () => {
    const busy = { isQuiet: false, openRuns: 2, openHolds: 100n, heldBefore: 50n };
    expect(unexplainedOf(interval(0, 10, 100n, busy))).toBeNull();
    expect(unexplainedOf(interval(0, 10, -50n, busy))).toBeNull();
    expect(unexplainedOf(interval(0, 10, 101n, busy))).toBe(1n);
    expect(unexplainedOf(interval(0, 10, -53n, busy))).toBe(-3n);
  });
});
