/** One line of the results: a ratio of two figures that were measured together in one run. */
export interface Result {
  /** What was measured, such as "the library query, requests per second". */
  readonly what: string;
  /** What the figure is divided by. */
  readonly against: string;
  readonly value: number;
  /** The bound in words, such as "at least 0.55". */
  readonly bound: string;
  readonly holds: boolean;
  /** How the ratio was measured, in a few words: rounds, counts, medians. */
  readonly note?: string;
}

/** A bench of `npm run bench`. `npm run bench -- <name>` runs it alone. It ends everything that it starts. */
export interface Bench {
  readonly name: string;
  /** One sentence for `npm run bench -- help`. */
  readonly about: string;
  run(): Promise<Result[]>;
}

/** A result that must reach its bound. */
export function atLeast(least: number, result: Omit<Result, 'bound' | 'holds'>): Result {
  return { ...result, bound: `at least ${least}`, holds: result.value >= least };
}

/** A result that must not exceed its bound. */
export function atMost(most: number, result: Omit<Result, 'bound' | 'holds'>): Result {
  return { ...result, bound: `at most ${most}`, holds: result.value <= most };
}

/** The middle of an odd number of values, the upper of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
