import { LRUCache } from 'lru-cache';

/** Accounts that may not be read from for a while, since the provider said "too many". */
export interface PollPauses {
  /** How long nothing may be asked with an account. */
  remainingMs(account: string): number;
  /** Nothing is asked for so long; where the provider does not say, for ever longer. */
  pause(account: string, durationMs: number | null): void;
}

interface Pause {
  readonly until: number;
  readonly durationMs: number;
}

const firstPauseMs = 2_000;
const longestPauseMs = 60_000;

/** The pauses of a process. `now` is a clock that never goes back, in milliseconds. */
export function createPollPauses(now: () => number = () => performance.now()): PollPauses {
  const pauses = new LRUCache<string, Pause>({ max: 1_000 });
  const remainingMs = (account: string) => Math.max(0, (pauses.get(account)?.until ?? 0) - now());
  return {
    remainingMs,
    pause(account, toldMs) {
      // Others of those that were under way together: it is one refusal.
      if (remainingMs(account) > 0) return;
      const last = pauses.get(account);
      const isInRow = last !== undefined && now() - last.until < longestPauseMs;
      const durationMs = Math.min(
        Math.max(toldMs ?? (isInRow ? last.durationMs * 2 : 0), firstPauseMs),
        longestPauseMs,
      );
      pauses.set(account, { until: now() + durationMs, durationMs });
    },
  };
}
