import { LRUCache } from 'lru-cache';

/*
 * The gap between two submits is at most half a second, and halves with each second after the pause. Without a time
 * from the provider pauses double from one second to four. So a limit of N seconds delays twenty runs by hardly more
 * than N.
 */

/** Spaces out submits after the provider said "too many": slower at each refusal, and back to normal within seconds. */
export interface Pace {
  /** How long until the caller's turn, in milliseconds. It is taken when that is no longer than `longestMs`. */
  reserve(longestMs: number): number;
  /**
   * A request that was sent at `sentAt` was refused, and nothing is sent for `pauseMs`. Requests that were under way
   * together are refused together: only one of them slows the pace down.
   */
  slower(sentAt: number, pauseMs?: number): void;
  /** The present moment on the clock of `sentAt`, in milliseconds. */
  now(): number;
  /** The space between two submits now, in milliseconds. */
  readonly gapMs: number;
}

const firstGapMs = 250;
/** Twenty runs are through within a few seconds of the last refusal. */
const longestGapMs = 500;
/** Without a refusal the gap halves in this time. */
const halvesInMs = 1_000;
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
  let slowedAt = Number.NEGATIVE_INFINITY;
  let gapThenMs = 0;
  /** From here on the gap shrinks. */
  let shrinksFrom = 0;
  let lastTurnAt = Number.NEGATIVE_INFINITY;

  function gapAt(moment: number): number {
    const gapMs = gapThenMs * 0.5 ** (Math.max(0, moment - shrinksFrom) / halvesInMs);
    return gapMs < shortestGapMs ? 0 : gapMs;
  }

  return {
    get gapMs() {
      return gapAt(now());
    },
    now,
    reserve(longestMs) {
      const askedAt = now();
      const at = Math.max(askedAt, lastTurnAt + gapAt(lastTurnAt));
      const waitMs = at - askedAt;
      if (waitMs <= longestMs) lastTurnAt = at;
      return waitMs;
    },
    slower(sentAt, pauseMs = 0) {
      if (sentAt <= slowedAt) return;
      slowedAt = now();
      gapThenMs = Math.min(Math.max(gapAt(slowedAt) * 2, firstGapMs), longestGapMs);
      shrinksFrom = slowedAt + pauseMs;
    },
  };
}
