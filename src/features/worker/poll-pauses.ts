import { LRUCache } from 'lru-cache';

/** Pauses of polling by account, after the provider answered "too many requests". */
export interface PollPauses {
  /** How long no poll may be sent with an account, in milliseconds. */
  remainingMs(account: string): number;
  /** Begins a pause. When the provider gives no duration, each pause in a row is twice as long as the one before. */
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
    pause(account, givenMs) {
      // Polls that were under way together are refused together. They count as one refusal.
      if (remainingMs(account) > 0) return;
      const last = pauses.get(account);
      const isInRow = last !== undefined && now() - last.until < longestPauseMs;
      const durationMs = Math.min(
        Math.max(givenMs ?? (isInRow ? last.durationMs * 2 : 0), firstPauseMs),
        longestPauseMs,
      );
      pauses.set(account, { until: now() + durationMs, durationMs });
    },
  };
}
