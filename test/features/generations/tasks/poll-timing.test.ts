import { expect, it } from '@jest/globals';
import {
  errorDelayMs,
  pollDelayMs,
  withJitter,
} from '../../../../src/features/generations/tasks/poll-timing.ts';

const timing = { minMs: 1_000, maxMs: 10_000 };

it('asks often at first, then at a tenth of the age, within the bounds', () => {
  expect([0, 5_000, 30_000, 1_000_000].map((age) => pollDelayMs(age, timing, 0.5))).toEqual([
    1_000, 1_000, 3_000, 10_000,
  ]);
});

it('doubles after each error in a row, up to the longest', () => {
  expect([1, 2, 3, 4, 50].map((errors) => errorDelayMs(errors, timing, 0.5))).toEqual([
    2_000, 4_000, 8_000, 10_000, 10_000,
  ]);
});

it('spreads by a fifth to either side', () => {
  expect([0, 0.5, 1].map((chance) => withJitter(1_000, chance))).toEqual([800, 1_000, 1_200]);
});
