import { expect, it } from '@jest/globals';
import { createPace } from '../../../src/platform/segmind/pace.ts';

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

it('gives turns one gap apart, and none to a worker that stops', async () => {
  const pace = createPace(() => 0);
  pace.slower();
  await pace.turn(AbortSignal.timeout(1_000));
  const stopped = new AbortController();
  const second = pace.turn(stopped.signal);
  stopped.abort();
  await expect(second).rejects.toThrow();
});
