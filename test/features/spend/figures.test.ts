import { describe, expect, it } from '@jest/globals';
import { figuresOf, medianSeconds } from '../../../src/features/spend/figures.ts';
import { usedUpOn } from '../../../src/features/spend/forecast.ts';

const placeOf = (seconds: number) =>
  Math.min(63, Math.max(1, 1 + Math.floor(4 * Math.log2(seconds * 4)))) - 1;

function histogram(times: readonly number[]): number[] {
  const places = Array.from({ length: 64 }, () => 0);
  for (const seconds of times) places[placeOf(seconds)] = (places[placeOf(seconds)] ?? 0) + 1;
  return places;
}

describe('the median', () => {
  it('is none without a time', () => {
    expect(medianSeconds([])).toBeNull();
    expect(medianSeconds(Array.from({ length: 64 }, (_, place) => (place === 63 ? 9 : 0)))).toBeNull();
  });

  it.each([
    ['one', [12]],
    ['an even number', [3, 4, 200, 9_000]],
    ['an odd number', [0.3, 1, 2, 40, 41]],
    ['many alike', Array.from({ length: 999 }, () => 7.7)],
    ['a wide spread', Array.from({ length: 1_001 }, (_, index) => 0.25 * 1.01 ** index)],
  ])('of %s is at the most 19 %% off', (_, times) => {
    const sorted = times.toSorted((a, b) => a - b);
    const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
    const high = sorted[Math.ceil((sorted.length - 1) / 2)] ?? Number.NaN;
    const median = medianSeconds(histogram(times)) ?? Number.NaN;
    expect(median).toBeGreaterThan(low / 2 ** 0.25);
    expect(median).toBeLessThan(high * 2 ** 0.25);
    expect(median).toBe(Number(median.toPrecision(3)));
  });
});

describe('figures', () => {
  const none = { amount: 0n, runs: 0n, failures: 0n, pictures: 0n, discarded: 0n, seconds: [] };
  it('have no price of a picture where there is no picture', () => {
    expect(figuresOf(none)).toMatchObject({ amount: 0n, costPerPicture: null, costPerKeptPicture: null });
    expect(figuresOf({ ...none, amount: 5n, pictures: 2n, discarded: 2n })).toMatchObject({
      costPerPicture: 3n,
      costPerKeptPicture: null,
      keptPictures: 0,
    });
  });
});

it.each([
  [0n, 30n, '2026-11-21'],
  [-1n, 0n, '2026-11-21'],
  [30n, 30n, '2026-11-22'],
  [31n, 30n, '2026-11-23'],
  [1_000_000_000_000_000n, 1n, null],
  [30n, 0n, null],
])('%s at %s a day are used up on %s', (available, perDay, day) => {
  expect(usedUpOn('2026-11-21', available, perDay)).toBe(day);
});
