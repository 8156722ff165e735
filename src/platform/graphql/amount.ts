import { InputProblem } from '../../errors.ts';
import { formatDollars, formatMicros } from '../../money.ts';

/** Up to this an amount is never unusual. */
const smallMicros = 5_000_000n;
const unusualTimes = 10n;

/** What is wrong with an amount in a field of the input: it must not be below 0. Nothing where it is left out. */
export function problemsOfAmount(field: string, amount: bigint | null | undefined): InputProblem[] {
  if (amount == null || amount >= 0n) return [];
  return [new InputProblem(['input', field], `${field} must be 0 or more; got ${formatMicros(amount)}.`)];
}

/**
 * Asks for a second look at an amount that is about to be booked for good: a slip of the hand or a wrong unit most likely,
 * where it is far beyond the greatest amount that was to be expected.
 */
export function problemsOfUnusualAmount(
  field: string,
  amount: bigint | null | undefined,
  expectedMicros: bigint,
): InputProblem[] {
  if (amount == null || amount <= smallMicros || amount <= expectedMicros * unusualTimes) return [];
  const message = `${field} is ${formatDollars(amount)}, more than ${unusualTimes} times the ${formatDollars(expectedMicros)} that this may cost. If it is right, send it once more with confirmUnusualCost: true.`;
  return [new InputProblem(['input', field], message, 'UNUSUAL_COST')];
}
