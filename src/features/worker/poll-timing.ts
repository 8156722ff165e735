/*
 * A run is polled rarely until such runs have ended before, at the shortest interval while they usually end, and
 * ever more rarely later. All waiting runs share one timer wheel. The work that follows a wait (moves, results,
 * pictures) is bounded, also for each project.
 */

/** When to ask the provider again. Pure: chance is given. */
export interface PollTiming {
  readonly minMs: number;
  readonly maxMs: number;
}

/** When such runs have ended so far, by their age: hardly any before, hardly any after. */
export interface ExpectedEnd {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A shape that always took the same time may take a little less or more this once. */
const margin = 0.1;

/** Where nobody can say well when such runs end, they are not asked after more often than so while they do. */
const mostLooks = 200;

/** Spreads a delay over 80 to 120 percent, so that runs that started together do not ask together. */
export function withJitter(delayMs: number, chance: number): number {
  return Math.round(delayMs * (0.8 + 0.4 * chance));
}

/**
 * A running job is asked after rarely at first, often while such jobs end, and ever more rarely once it is later than they
 * were. Where nobody knows how long they take, at a tenth of its age.
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
  // A job that fails at once is seen at once; one that ends early, no later than it has taken.
  return Math.min(spread(within(ageMs), chance), fromMs - ageMs);
}

/** After errors in a row the delay doubles each time, up to the longest. */
export function errorDelayMs(errorsInRow: number, { minMs, maxMs }: PollTiming, chance: number): number {
  return withJitter(Math.min(minMs * 2 ** Math.min(errorsInRow, 20), maxMs), chance);
}

/** Only ever shortens: the interval is what it may take at the most. */
function spread(delayMs: number, chance: number): number {
  return Math.round(delayMs * (0.8 + 0.2 * chance));
}
