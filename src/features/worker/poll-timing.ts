/*
 * A run is polled rarely before the age at which such runs end, often while they usually end, and more and more rarely
 * later. All waiting runs share one timer wheel. The work that follows a wait (moves, results, pictures) is bounded,
 * also for each project.
 */

/** The shortest and the longest delay between two polls. */
export interface PollTiming {
  readonly minMs: number;
  readonly maxMs: number;
}

/** The ages between which most runs of this kind have ended so far. */
export interface ExpectedEnd {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The share by which a run may be faster or slower than all earlier runs of its shape. */
const margin = 0.1;

/** The most polls of a run within the expected ages. It matters when these ages are far apart. */
const mostLooks = 200;

/** Spreads a delay over 80 to 120 percent, so that runs that started together do not ask together. */
export function withJitter(delayMs: number, chance: number): number {
  return Math.round(delayMs * (0.8 + 0.4 * chance));
}

/**
 * The delay until the next poll: long at first, short while such runs usually end, and longer and longer once the run
 * is late. When no times are known, it is a tenth of the run's age.
 */
export function pollDelayMs(
  ageMs: number,
  expected: ExpectedEnd | null,
  { minMs, maxMs }: PollTiming,
  chance: number,
): number {
  const within = (delayMs: number) => Math.min(Math.max(delayMs, minMs), maxMs);
  if (!expected) return spread(within(ageMs / 10), chance);
  const fromMs = expected.fromMs * (1 - margin);
  const toMs = expected.toMs * (1 + margin);
  if (ageMs >= toMs) return spread(within((ageMs - toMs) / 10), chance);
  if (ageMs + minMs >= fromMs) return spread(within((toMs - fromMs) / mostLooks), chance);
  // A run that fails at once is noticed at once. A run that ends early is noticed after at most twice its time.
  return Math.min(spread(within(ageMs), chance), fromMs - ageMs);
}

/** After errors in a row the delay doubles each time, up to the longest. */
export function errorDelayMs(errorsInRow: number, { minMs, maxMs }: PollTiming, chance: number): number {
  return withJitter(Math.min(minMs * 2 ** Math.min(errorsInRow, 20), maxMs), chance);
}

/** Shortens a delay to 80 to 100 percent. It never lengthens it, because the delay is the longest allowed one. */
function spread(delayMs: number, chance: number): number {
  return Math.round(delayMs * (0.8 + 0.2 * chance));
}
