import { expect, it } from '@jest/globals';
import { createPace, createPaces } from '../../../src/platform/segmind/pace.ts';

it('has no gap until it is refused, doubles it with each refusal, and loses it within seconds', () => {
  let now = 0;
  const pace = createPace(() => now);
  expect(pace.gapMs).toBe(0);
  const gaps = [1, 2, 3].map(() => {
    now += 1;
    pace.slower(now);
    return Math.round(pace.gapMs / 10) * 10;
  });
  expect(gaps).toEqual([250, 500, 500]);
  now += 1_000;
  expect(pace.gapMs).toBeCloseTo(250, 0);
  now += 4_000;
  expect(pace.gapMs).toBe(0);
});

it('is slowed once by requests that were under way together', () => {
  let now = 0;
  const pace = createPace(() => now);
  const sent = Array.from({ length: 20 }, () => now++);
  for (const sentAt of sent) {
    pace.slower(sentAt);
    now += 10;
  }
  expect(pace.gapMs).toBeLessThanOrEqual(250);
});

it('keeps its gap for as long as nothing is sent, and loses it afterwards', () => {
  let now = 0;
  const pace = createPace(() => now);
  pace.slower(now, 10_000);
  now = 10_000;
  expect(pace.gapMs).toBe(250);
  now = 11_000;
  expect(pace.gapMs).toBe(125);
});

it('gives turns one gap apart, and takes none that is too far away', () => {
  let now = 0;
  const pace = createPace(() => now);
  pace.slower(now, 60_000);
  expect([1, 2, 3].map(() => pace.reserve(1_000))).toEqual([0, 250, 500]);
  // Not taken: the next to ask hears the same.
  expect([pace.reserve(700), pace.reserve(700), pace.reserve(1_000)]).toEqual([750, 750, 750]);
  now = 5_000;
  expect(pace.reserve(1_000)).toBe(0);
});

it('lets twenty through within four seconds of the last refusal, however many there were', () => {
  let now = 0;
  const pace = createPace(() => now);
  for (let refusals = 0; refusals < 50; refusals += 1) {
    now += 1;
    pace.slower(now);
  }
  const waits = Array.from({ length: 20 }, () => pace.reserve(Number.POSITIVE_INFINITY));
  expect(Math.max(...waits)).toBeLessThan(4_000);
});

it('is one for each account', () => {
  const paces = createPaces();
  const sentAt = paces('a').now();
  paces('a').slower(sentAt, 1_000);
  expect([paces('a').gapMs, paces('b').gapMs]).toEqual([250, 0]);
});
