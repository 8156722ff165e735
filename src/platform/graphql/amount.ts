import { InputProblem } from '../../errors.ts';
import { formatMicros } from '../../money.ts';

/** What is wrong with an amount in a field of the input: it must not be below 0. Nothing where it is left out. */
export function problemsOfAmount(field: string, amount: bigint | null | undefined): InputProblem[] {
  if (amount == null || amount >= 0n) return [];
  return [new InputProblem(['input', field], `${field} must be 0 or more; got ${formatMicros(amount)}.`)];
}
