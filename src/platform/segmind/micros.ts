/** No balance and no price comes near a billion dollars; what does is not an amount, and sums must stay below 2^63. */
const maxMicros = 10n ** 15n;

/**
 * Dollars as the provider writes them, text or JSON number, to whole micro-dollars; null when there is no amount.
 * Works on the decimal text, so that no amount ever passes through a rounding float. What is smaller than a
 * micro-dollar is rounded, half away from zero.
 */
export function parseMicros(amount: unknown): bigint | null {
  // A number's own text is its shortest exact one: 0.058, 1.5e-7.
  const text = typeof amount === 'number' || typeof amount === 'string' ? String(amount).trim() : '';
  const match = /^(?=.{1,64}$)(-?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text);
  const [, sign, whole = '', fraction = '', exponent = '0'] = match ?? [];
  const digits = whole + fraction;
  if (!match || digits === '') return null;
  // Where the decimal point stands in `digits` once the amount is in micro-dollars; left of them when negative.
  const point = whole.length + Number(exponent) + 6;
  const kept = BigInt(digits.slice(0, Math.max(point, 0)).padEnd(Math.max(point, 0), '0') || '0');
  const isHalfOrMore = point >= 0 && digits.charAt(point) >= '5';
  const micros = isHalfOrMore ? kept + 1n : kept;
  if (micros > maxMicros) return null;
  return sign ? -micros : micros;
}
