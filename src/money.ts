/*
 * Amounts are dollars as text outside, and micro-dollars as bigint inside. They are never floats, so a
 * JSON number is refused as an input: it has been a float. Imports nothing.
 */

/** The largest amount that an input may name: a billion dollars. Sums of such amounts stay far below 2^63. */
export const maxAmountMicros = 1_000_000_000_000_000n;

/** Micro-dollars as a decimal of dollars with six places: 580000n becomes "0.580000". */
export function formatMicros(micros: bigint): string {
  return formatMicrosText(micros.toString());
}

/** The same from the digits of a whole number: "580000" becomes "0.580000". */
export function formatMicrosText(micros: string): string {
  const isNegative = micros.startsWith('-');
  const digits = (isNegative ? micros.slice(1) : micros).padStart(7, '0');
  return `${isNegative ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

/** An amount for people, with at least two places, and more if needed: 580000n becomes "$0.58", 129000n "$0.129". */
export function formatDollars(micros: bigint): string {
  return formatMicros(micros).replace(/^(-?)(\d+\.\d\d\d*?)0*$/, '$1$$$2');
}

/**
 * A decimal of dollars, such as "12.5" or "0.580000", as micro-dollars; null for anything else: an exponent, a fraction
 * of a micro-dollar, an amount beyond a billion dollars either way.
 */
export function parseDollars(text: string): bigint | null {
  const [, sign, whole = '', fraction = ''] = /^(-?)(\d{1,10})(?:\.(\d{1,6}))?$/.exec(text) ?? [];
  if (whole === '') return null;
  const micros = BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
  return micros > maxAmountMicros ? null : sign ? -micros : micros;
}

/** A sum divided by a count, rounded half up to whole micro-dollars; null when the count is 0. */
export function perUnit(micros: bigint, count: bigint): bigint | null {
  return count > 0n ? (2n * micros + count) / (2n * count) : null;
}
