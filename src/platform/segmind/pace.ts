import { LRUCache } from 'lru-cache';

/*
 * The gap between two submits is at most half a second, and halves with each second after the pause. When the provider
 * sends no time, pauses double from one second to four. So a limit of N seconds delays twenty runs by little more than
 * N seconds.
 */

/**
 * Spaces out submits after the provider has refused some as too many: slower at each refusal, normal within seconds.
 */
export interface Pace {
  /** The time until the caller's turn, in milliseconds. The turn is reserved when the time is at most `longestMs`. */
  reserve(longestMs: number): number;
  /**
   * Slows the pace down: a request that was sent at `sentAt` was refused, and nothing is sent for `pauseMs`. Requests
   * that are pending together are refused together, so only one of them slows the pace down.
   */
  slower(sentAt: number, pauseMs?: number): void;
  /** The present moment on the clock of `sentAt`, in milliseconds. */
  now(): number;
  /** The present gap between two submits, in milliseconds. */
  readonly gapMs: number;
}

const firstGapMs = 250;
/** With this gap twenty runs are submitted within a few seconds after the last refusal. */
const longestGapMs = 500;
/** Without a refusal the gap halves in this time. */
const halvesInMs = 1_000;
/** A shorter gap counts as none. */
const shortestGapMs = 50;

/**
 * The paces of a process, one for each provider account. The least recently used of more than a thousand are removed.
 */
export function createPaces(): (account: string) => Pace {
  const paces = new LRUCache<string, Pace>({ max: 1_000 });
  return (account) => {
    const pace = paces.get(account) ?? createPace();
    paces.set(account, pace);
    return pace;
  };
}

/** Makes one pace, which starts without a gap. */
export function createPace(now: () => number = () => performance.now()): Pace {
  let slowedAt = Number.NEGATIVE_INFINITY;
  let gapThenMs = 0;
  /** The moment from which the gap shrinks. */
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
