import { describe, expect, it } from '@jest/globals';
import { formatDollars, formatMicros, maxAmountMicros, parseDollars, perUnit } from '../src/money.ts';

describe('parseDollars', () => {
  it.each([
    '',
    ' ',
    '1 ',
    '+1',
    '.5',
    '1.',
    '1e3',
    'NaN',
    'Infinity',
    '0x10',
    '1,5',
    '0.0000001',
    '1000000000.000001',
    '9223372036854.775808',
    '--1',
    '１',
  ])('takes no %j', (text) => expect(parseDollars(text)).toBeNull());
  it.each([
    ['0', 0n],
    ['0.58', 580_000n],
    ['0.000001', 1n],
    ['-12.5', -12_500_000n],
    ['1000000000', maxAmountMicros],
    ['007.10', 7_100_000n],
  ])('reads %j', (text, micros) => expect(parseDollars(text)).toBe(micros));
  it('reads back what is written', () => {
    for (const micros of [0n, 1n, -1n, 999_999n, 1_000_000n, -580_000n, maxAmountMicros])
      expect(parseDollars(formatMicros(micros))).toBe(micros);
  });
});

it.each([
  [0n, '$0.00'],
  [580_000n, '$0.58'],
  [129_000n, '$0.129'],
  [29_000n, '$0.029'],
  [500_000n, '$0.50'],
  [1n, '$0.000001'],
  [12_300_000n, '$12.30'],
  [100_000_000n, '$100.00'],
  [-1_250_000n, '-$1.25'],
])('shows people %s micro-dollars as %s', (micros, text) => expect(formatDollars(micros)).toBe(text));

it('shares out to the micro-dollar, half up, and nothing among none', () => {
  expect([perUnit(10n, 3n), perUnit(5n, 2n), perUnit(0n, 7n), perUnit(5n, 0n)]).toEqual([3n, 3n, 0n, null]);
});
