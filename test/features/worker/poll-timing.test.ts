import { describe, expect, it } from '@jest/globals';
import {
  type ExpectedEnd,
  errorDelayMs,
  pollDelayMs,
  withJitter,
} from '../../../src/features/worker/poll-timing.ts';

const timing = { minMs: 1_000, maxMs: 10_000 };
const expected = { fromMs: 50_000, toMs: 60_000 };

/** The ages at which a run is asked after, until an age. */
function polls(untilMs: number, end: ExpectedEnd | null, chance = 1): number[] {
  const ages: number[] = [];
  for (let age = 0; ; ages.push(age)) {
    age += pollDelayMs(age, end, timing, chance);
    if (age > untilMs) return ages;
  }
}

describe('where it is unknown how long a run takes', () => {
  it('asks often at first, then at a tenth of the age, within the bounds', () => {
    expect([0, 5_000, 30_000, 1_000_000].map((age) => pollDelayMs(age, null, timing, 1))).toEqual([
      1_000, 1_000, 3_000, 10_000,
    ]);
  });
});

describe('where such runs have ended before', () => {
  it.each([
    ['at the start', 0, 1_000],
    ['as long again as it has run', 4_000, 4_000],
    ['within the longest', 20_000, 10_000],
    ['no longer than until they begin to end', 38_000, 7_000],
    ['just before they begin to end', 44_500, 1_000],
    ['while they end', 45_000, 1_000],
    ['at the last moment of it', 65_999, 1_000],
    ['hardly later', 66_000, 1_000],
    ['half a minute later', 96_000, 3_000],
    ['much later', 1_000_000, 10_000],
  ])('%s', (_, ageMs, delayMs) => {
    expect(pollDelayMs(ageMs, expected, timing, 1)).toBe(delayMs);
  });

  it('asks a few times before, and every second then', () => {
    expect(polls(48_000, expected)).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 26_000, 36_000, 45_000, 46_000, 47_000, 48_000,
    ]);
    expect(polls(45_000, expected).length).toBeLessThan(polls(45_000, null).length / 2);
  });

  it('sees one that ends early no later than it has taken, and never later than the longest', () => {
    for (const chance of [0, 0.5, 1]) {
      const ages = [0, ...polls(44_000, expected, chance)];
      ages.slice(1).forEach((age, index) => {
        const before = ages[index] ?? 0;
        expect(age - before).toBeLessThanOrEqual(Math.min(Math.max(before, timing.minMs), timing.maxMs));
      });
    }
  });

  it('takes its time where such runs end at any time', () => {
    expect(polls(700_000, { fromMs: 10_000, toMs: 600_000 }).length).toBeLessThan(250);
    expect(pollDelayMs(100_000, { fromMs: 10_000, toMs: 600_000 }, timing, 1)).toBe(3_255);
  });

  it('a run shorter than the shortest delay is asked after at that', () => {
    expect(polls(3_000, { fromMs: 100, toMs: 200 })).toEqual([1_000, 2_000, 3_000]);
  });
});

it('only ever shortens the interval in force', () => {
  for (const ageMs of [0, 10_000, 50_000, 70_000, 500_000]) {
    for (const end of [null, expected]) {
      const delays = [0, 0.3, 0.999].map((chance) => pollDelayMs(ageMs, end, timing, chance));
      expect(Math.max(...delays)).toBeLessThanOrEqual(pollDelayMs(ageMs, end, timing, 1));
    }
  }
  expect(new Set([0, 0.5, 1].map((chance) => pollDelayMs(50_000, expected, timing, chance)))).toEqual(
    new Set([800, 900, 1_000]),
  );
});

it('doubles after each error in a row, up to the longest', () => {
  expect([1, 2, 3, 4, 50].map((errors) => errorDelayMs(errors, timing, 0.5))).toEqual([
    2_000, 4_000, 8_000, 10_000, 10_000,
  ]);
});

it('spreads by a fifth to either side', () => {
  expect([0, 0.5, 1].map((chance) => withJitter(1_000, chance))).toEqual([800, 1_000, 1_200]);
});
