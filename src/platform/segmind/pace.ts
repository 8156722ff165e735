import { LRUCache } from 'lru-cache';

/** Spaces out submits after the provider said "too many": slower at each refusal, faster again at each success. */
export interface Pace {
  /** How long until the caller's turn, in milliseconds. It is taken when that is no longer than `longestMs`. */
  reserve(longestMs: number): number;
  slower(): void;
  faster(): void;
  /** The space between two submits now, in milliseconds. */
  readonly gapMs: number;
}

const firstGapMs = 250;
const longestGapMs = 15_000;
/** Below this the gap is not worth keeping. */
const shortestGapMs = 50;

/** The paces of a process, one for each provider account; those that were not needed for long are forgotten. */
export function createPaces(): (account: string) => Pace {
  const paces = new LRUCache<string, Pace>({ max: 1_000 });
  return (account) => {
    const pace = paces.get(account) ?? createPace();
    paces.set(account, pace);
    return pace;
  };
}

/** One pace. It starts without any gap. */
export function createPace(now: () => number = () => performance.now()): Pace {
  let gapMs = 0;
  let nextTurnAt = 0;
  return {
    get gapMs() {
      return gapMs;
    },
    reserve(longestMs) {
      const askedAt = now();
      const at = Math.max(askedAt, nextTurnAt);
      const waitMs = at - askedAt;
      if (waitMs <= longestMs) nextTurnAt = at + gapMs;
      return waitMs;
    },
    slower() {
      gapMs = Math.min(Math.max(gapMs * 2, firstGapMs), longestGapMs);
    },
    faster() {
      gapMs = gapMs * 0.8 < shortestGapMs ? 0 : gapMs * 0.8;
    },
  };
}
