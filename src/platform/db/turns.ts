import { type BulkheadPolicy, bulkhead } from 'cockatiel';
import { LRUCache } from 'lru-cache';

/**
 * Lets what would wait for the same row wait here instead: a project that asks for a thousand things at once must not
 * take every connection to the database for waiting on its own lock.
 */
export interface Turns {
  take<Result>(key: string, work: () => Promise<Result>): Promise<Result>;
}

/** One at work, one ready with the lock to come; the others queue without a connection. */
const atOnce = 2;
/** Requests are limited elsewhere; this only keeps a queue from being endless. */
const longestQueue = 100_000;

/** The turns of a process. */
export function createTurns(): Turns {
  const queues = new LRUCache<string, BulkheadPolicy>({ max: 10_000 });
  return {
    take(key, work) {
      const queue = queues.get(key) ?? bulkhead(atOnce, longestQueue);
      queues.set(key, queue);
      return queue.execute(work);
    },
  };
}
