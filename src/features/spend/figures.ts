import { perUnit } from '../../money.ts';
import type { SpendTotals } from './spend.type.ts';

/** Sums over rows of the rollups. */
export interface Sums {
  readonly amount: bigint;
  readonly runs: bigint;
  readonly failures: bigint;
  readonly pictures: bigint;
  readonly discarded: bigint;
  /** The histogram of times: the number of runs in each place, in order. */
  readonly seconds: readonly number[];
}

/** How many places of the histogram are times. One more place after them counts runs without a time. */
export const timedPlaces = 63;

/** A histogram from JSON, which is read faster than the parts of a text. */
export function parseHistogram(json: string): number[] {
  return JSON.parse(json);
}

const shortestSeconds = 0.25;
const placesPerOctave = 4;

/**
 * The median time of the runs: the place of the middle run in the histogram, and within the place by interpolation of
 * the ratio, because a place is a fourth of an octave. So the error is less than 2^(1/4), 19 %, and three digits are
 * enough. Null when no run has a time.
 */
export function medianSeconds(histogram: readonly number[]): number | null {
  let runs = 0;
  for (let place = 0; place < timedPlaces; place += 1) runs += histogram[place] ?? 0;
  const half = runs / 2;
  let before = 0;
  for (let place = 0; place < timedPlaces; place += 1) {
    const count = histogram[place] ?? 0;
    if (count > 0 && before + count >= half) {
      const seconds = shortestSeconds * 2 ** ((place + (half - before) / count) / placesPerOctave);
      return Number(seconds.toPrecision(3));
    }
    before += count;
  }
  return null;
}

/** The figures of a report, from its sums. */
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
