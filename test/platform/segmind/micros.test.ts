import { describe, expect, it } from '@jest/globals';
import { parseMicros } from '../../../src/platform/segmind/micros.ts';

describe('parseMicros', () => {
  it.each([
    [undefined],
    [null],
    [''],
    ['  '],
    ['.'],
    ['-'],
    ['e5'],
    ['$0.05'],
    ['1,5'],
    ['0x10'],
    ['Infinity'],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [true],
    [{ amount: 1 }],
    ['1e999'],
    [1e300],
    ['9'.repeat(64)],
    ['0'.repeat(65)],
    ['1e-9999'],
  ])('finds no amount in %p', (amount) => {
    expect(parseMicros(amount)).toBeNull();
  });

  it.each<[unknown, bigint]>([
    ['0', 0n],
    ['-0', 0n],
    ['0.058', 58_000n],
    [0.058, 58_000n],
    // As floats these give 289999.99999999994 and 1005000.0000000001 micro-dollars.
    ['0.29', 290_000n],
    [1.005, 1_005_000n],
    [0.1 + 0.2, 300_000n],
    ['12.345678', 12_345_678n],
    ['123456789.123456', 123_456_789_123_456n],
    ['0.0184921035', 18_492n],
    [' 5 ', 5_000_000n],
    ['5.', 5_000_000n],
    ['.5', 500_000n],
    ['-1.5', -1_500_000n],
    ['1e3', 1_000_000_000n],
    ['1.5E+2', 150_000_000n],
    [1.5e-7, 0n],
    [5e-7, 1n],
    ['4.9999999e-7', 0n],
    ['0.0000015', 2n],
    ['-0.0000015', -2n],
    ['0.00000149', 1n],
    ['5e-8', 0n],
    ['123e-10', 0n],
    ['1e-999', 0n],
  ])('reads %p', (amount, micros) => {
    expect(parseMicros(amount)).toBe(micros);
  });
});
