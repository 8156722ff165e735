import { perUnit } from '../../money.ts';
import type { SpendTotals } from './spend.type.ts';

/** Sums over rows of the rollups. */
export interface Sums {
  readonly amount: bigint;
  readonly runs: bigint;
  readonly failures: bigint;
  readonly pictures: bigint;
  readonly discarded: bigint;
  /** How many runs took how long, the places in their order. */
  readonly seconds: readonly number[];
}

/** How many places of the histogram stand for a time; the one behind them counts runs without one. */
export const timedPlaces = 63;
const shortestSeconds = 0.25;
const placesPerOctave = 4;

/**
 * The time that half of the runs stayed below: the place where the middle run lies, and within it by ratio, since a
 * place is a fourth of an octave. So it is less than 2^(1/4), 19 %, off, and its fourth digit would say nothing. Null when
 * no run has a time.
 */
export function medianSeconds(histogram: readonly number[]): number | null {
  const timed = histogram.slice(0, timedPlaces);
  const half = timed.reduce((sum, count) => sum + count, 0) / 2;
  let before = 0;
  for (const [place, count] of timed.entries()) {
    if (count > 0 && before + count >= half) {
      const seconds = shortestSeconds * 2 ** ((place + (half - before) / count) / placesPerOctave);
      return Number(seconds.toPrecision(3));
    }
    before += count;
  }
  return null;
}

/** What is told of some sums. */
export function figuresOf(sums: Sums): SpendTotals {
  const { amount, pictures } = sums;
  const kept = pictures - sums.discarded;
  return {
    amount,
    runs: Number(sums.runs),
    failures: Number(sums.failures),
    pictures: Number(pictures),
    keptPictures: Number(kept),
    medianSeconds: medianSeconds(sums.seconds),
    costPerPicture: perUnit(amount, pictures),
    costPerKeptPicture: perUnit(amount, kept),
  };
}
