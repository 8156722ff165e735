/** A billion dollars. No real balance or price is larger, and sums must stay below 2^63. */
const maxMicros = 10n ** 15n;

/**
 * Converts dollars of the provider, as text or as a JSON number, to whole micro-dollars; null when there is no amount.
 * It works on the decimal text, so that no amount is rounded as a float. Fractions of a micro-dollar are rounded, half
 * away from zero.
 */
export function parseMicros(amount: unknown): bigint | null {
  // The text of a number is the shortest that parses to the same number: 0.058, 1.5e-7.
  const text = typeof amount === 'number' || typeof amount === 'string' ? String(amount).trim() : '';
  const match = /^(?=.{1,64}$)(-?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text);
  const [, sign, whole = '', fraction = '', exponent = '0'] = match ?? [];
  const digits = whole + fraction;
  if (!match || digits === '') return null;
  // The position of the decimal point in `digits` when the amount is in micro-dollars; left of the digits when
  // negative.
  const point = whole.length + Number(exponent) + 6;
  const kept = BigInt(digits.slice(0, Math.max(point, 0)).padEnd(Math.max(point, 0), '0') || '0');
  const isHalfOrMore = point >= 0 && digits.charAt(point) >= '5';
  const micros = isHalfOrMore ? kept + 1n : kept;
  if (micros > maxMicros) return null;
  return sign ? -micros : micros;
}
