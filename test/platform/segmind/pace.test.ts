import { expect, it } from '@jest/globals';
import { createPace, createPaces } from '../../../src/platform/segmind/pace.ts';

it('has no gap until it is refused, doubles it with each refusal, and loses it with successes', () => {
  const pace = createPace();
  expect(pace.gapMs).toBe(0);
  const gaps = [1, 2, 3, 4, 5, 6, 7, 8].map(() => {
    pace.slower();
    return pace.gapMs;
  });
  expect(gaps).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  for (let successes = 0; successes < 40; successes += 1) pace.faster();
  expect(pace.gapMs).toBe(0);
});

it('gives turns one gap apart, and takes none that is too far away', () => {
  let now = 0;
  const pace = createPace(() => now);
  pace.slower();
  expect([1, 2, 3].map(() => pace.reserve(1_000))).toEqual([0, 250, 500]);
  // Not taken: the next to ask hears the same.
  expect([pace.reserve(700), pace.reserve(700), pace.reserve(1_000)]).toEqual([750, 750, 750]);
  now = 5_000;
  expect(pace.reserve(1_000)).toBe(0);
});

it('is one for each account', () => {
  const paces = createPaces();
  paces('a').slower();
  expect([paces('a').gapMs, paces('b').gapMs]).toEqual([250, 0]);
});
