import { expect, it } from '@jest/globals';
import { locks } from '../../../src/platform/db/locks.ts';

it('each lock has a number of its own, which Postgres takes', () => {
  const numbers = Object.values(locks);
  expect(new Set(numbers).size).toBe(numbers.length);
  for (const number of numbers) expect(Number.isSafeInteger(number)).toBe(true);
});
