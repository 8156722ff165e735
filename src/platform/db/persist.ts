import { setTimeout as sleep } from 'node:timers/promises';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { isTransient } from './transient.ts';

const timing = { minMs: 50, maxMs: 3_000 };

/** Keeps trying a write through a database that is restarting, for some minutes. */
export const persist = retry(handleWhen(isTransient), {
  maxAttempts: 200,
  backoff: new ExponentialBackoff({ initialDelay: timing.minMs, maxDelay: timing.maxMs }),
});

const never = new AbortController().signal;

/**
 * Keeps trying to write down an answer that cannot be had again, however long the database is away. Once `hurried` aborts, the write is tried one last time.
 */
export async function persistAnswer<Result>(
  write: () => Promise<Result>,
  hurried: AbortSignal = never,
  { minMs, maxMs } = timing,
): Promise<Result> {
  for (let delayMs = minMs; ; delayMs = Math.min(delayMs * 2, maxMs)) {
    const isLast = hurried.aborted;
    try {
      return await write();
    } catch (error) {
      if (isLast || !isTransient(error)) throw error;
    }
    await sleep(delayMs, undefined, { signal: hurried }).catch(() => undefined);
  }
}
