import { describe, expect, it } from '@jest/globals';
import { readRetryAt } from '../../../src/platform/segmind/retry-at.ts';

const now = new Date('2026-03-01T12:00:00Z');
const reset = 'x-rate-limit-reset-at-utc';

function read(headers: Record<string, string>): string | null {
  return readRetryAt(headers, now)?.toISOString() ?? null;
}

describe('readRetryAt', () => {
  it.each<[string, Record<string, string>]>([
    ['no header', {}],
    ['an empty one', { [reset]: '' }],
    ['words', { [reset]: 'soon' }],
    // Date.parse takes this for a day of the year 2099.
    ['words with a number', { [reset]: 'window 1 2099' }],
    ['an impossible date', { [reset]: '2026-13-45T12:00:00Z' }],
    ['the past', { [reset]: '2026-03-01T11:59:59Z' }],
    ['an epoch in the past', { [reset]: '30' }],
    ['a negative wait', { 'retry-after': '-5' }],
    ['no wait', { 'retry-after': '0' }],
    ['half a second', { 'retry-after': '0.5' }],
  ])('ignores %s', (_, headers) => {
    expect(read(headers)).toBeNull();
  });

  it.each<[Record<string, string>, string]>([
    [{ [reset]: '2026-03-01T12:00:30Z' }, '2026-03-01T12:00:30.000Z'],
    [{ [reset]: '2026-03-01T12:00:30.250+00:00' }, '2026-03-01T12:00:30.250Z'],
    [{ [reset]: '2026-03-01T13:00:30+01:00' }, '2026-03-01T12:00:30.000Z'],
    [{ [reset]: ' 2026-03-01 12:00:30 ' }, '2026-03-01T12:00:30.000Z'],
    [{ [reset]: '2026-03-01 12:00:30 UTC' }, '2026-03-01T12:00:30.000Z'],
    [{ [reset]: String(now.getTime() / 1_000 + 45) }, '2026-03-01T12:00:45.000Z'],
    [{ [reset]: String(now.getTime() + 45_000) }, '2026-03-01T12:00:45.000Z'],
    [{ [reset]: 'Sun, 01 Mar 2026 12:01:00 GMT' }, '2026-03-01T12:01:00.000Z'],
    [{ 'retry-after': '20' }, '2026-03-01T12:00:20.000Z'],
    [{ 'retry-after': 'Sun, 01 Mar 2026 12:01:00 GMT' }, '2026-03-01T12:01:00.000Z'],
    [{ [reset]: '2026-03-01T12:00:30Z', 'retry-after': '5' }, '2026-03-01T12:00:30.000Z'],
    [{ [reset]: 'soon', 'retry-after': '5' }, '2026-03-01T12:00:05.000Z'],
  ])('reads %p', (headers, at) => {
    expect(read(headers)).toBe(at);
  });

  it.each([[{ [reset]: '2027-01-01T00:00:00Z' }], [{ 'retry-after': '999999999' }]])(
    'waits an hour at most for %p',
    (headers) => {
      expect(read(headers)).toBe('2026-03-01T13:00:00.000Z');
    },
  );
});
