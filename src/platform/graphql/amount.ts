import { InputProblem } from '../../errors.ts';
import { formatDollars, formatMicros } from '../../money.ts';

/** An amount up to this is never unusual. */
const smallMicros = 5_000_000n;
const unusualTimes = 10n;

/** The problem of a negative amount in a field of the input. Empty when the amount is valid or left out. */
export function problemsOfAmount(field: string, amount: bigint | null | undefined): InputProblem[] {
  if (amount == null || amount >= 0n) return [];
  return [new InputProblem(['input', field], `${field} must be 0 or more; got ${formatMicros(amount)}.`)];
}

/**
 * The problem of an amount that is far above the greatest expected amount. It is most likely a typing error or a wrong
 * unit, and a booked amount cannot be changed, so the client must confirm it.
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
