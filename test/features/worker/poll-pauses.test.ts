import { beforeEach, expect, it } from '@jest/globals';
import { createPollPauses, type PollPauses } from '../../../src/features/worker/poll-pauses.ts';

let time: number;
let pauses: PollPauses;
beforeEach(() => {
  time = 0;
  pauses = createPollPauses(() => time);
});

it('lasts as long as the provider says, for the account alone', () => {
  pauses.pause('a', 30_000);
  expect([pauses.remainingMs('a'), pauses.remainingMs('b')]).toEqual([30_000, 0]);
  time = 29_000;
  expect(pauses.remainingMs('a')).toBe(1_000);
  time = 30_000;
  expect(pauses.remainingMs('a')).toBe(0);
});

it('never shorter than a moment, nor longer than a minute', () => {
  pauses.pause('a', -5_000);
  expect(pauses.remainingMs('a')).toBe(2_000);
  pauses.pause('b', 86_400_000);
  expect(pauses.remainingMs('b')).toBe(60_000);
});

it('many refusals at once are one', () => {
  for (let poll = 0; poll < 100; poll += 1) pauses.pause('a', null);
  expect(pauses.remainingMs('a')).toBe(2_000);
});

it('where the provider says nothing it doubles from one to the next, and begins anew after a while', () => {
  const lengths = Array.from({ length: 7 }, () => {
    pauses.pause('a', null);
    const length = pauses.remainingMs('a');
    time += length;
    return length;
  });
  expect(lengths).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  time += 60_000;
  pauses.pause('a', null);
  expect(pauses.remainingMs('a')).toBe(2_000);
});
