import { expect, it } from '@jest/globals';
import { addDays, countDays, dayText } from '../src/days.ts';

it('a moment lies in the day of UTC', () => {
  expect(dayText(new Date('2026-03-01T23:59:59.999Z'))).toBe('2026-03-01');
  expect(dayText(new Date('2026-03-02T00:30:00+01:00'))).toBe('2026-03-01');
});

it.each([
  ['2028-02-28', 1, '2028-02-29'],
  ['2026-12-31', 1, '2027-01-01'],
  ['2026-03-01', -1, '2026-02-28'],
  ['2026-03-29', 365, '2027-03-29'],
])('%s and %s days is %s', (day, count, other) => {
  expect(addDays(day, count)).toBe(other);
  expect(countDays(day, other)).toBe(count + 1);
});
