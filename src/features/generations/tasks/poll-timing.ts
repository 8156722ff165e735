/** When to ask the provider again. Pure: chance is given. */
export interface PollTiming {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Spreads a delay over 80 to 120 percent, so that runs that started together do not ask together. */
export function withJitter(delayMs: number, chance: number): number {
  return Math.round(delayMs * (0.8 + 0.4 * chance));
}

/** A running job is asked after often at first, then at a tenth of its age. */
export function pollDelayMs(ageMs: number, { minMs, maxMs }: PollTiming, chance: number): number {
  return withJitter(Math.min(Math.max(ageMs / 10, minMs), maxMs), chance);
}

/** After errors in a row the delay doubles each time, up to the longest. */
export function errorDelayMs(errorsInRow: number, { minMs, maxMs }: PollTiming, chance: number): number {
  return withJitter(Math.min(minMs * 2 ** Math.min(errorsInRow, 20), maxMs), chance);
}
