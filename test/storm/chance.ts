/** Draws a number from 0 to 1, 1 excluded. */
export type Chance = () => number;

/** The same numbers for the same seed. */
export function seeded(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of several; undefined of none. */
export function pick<Each>(chance: Chance, each: readonly Each[]): Each | undefined {
  return each[Math.floor(chance() * each.length)];
}
