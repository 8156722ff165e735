import { type BulkheadPolicy, bulkhead } from 'cockatiel';
import { LRUCache } from 'lru-cache';

/** Lets only so much of one kind of work go on at a time, and only so much of it for one key; the rest waits its turn. */
export interface Bounds {
  take<Result>(key: string, work: () => Promise<Result>): Promise<Result>;
}

/** Bounds for a process: `all` at once, of them `each` for one key, so that one key's work never takes every place. */
export function createBounds({ all, each }: { all: number; each: number }): Bounds {
  const everybody = bulkhead(all, Number.POSITIVE_INFINITY);
  const queues = new LRUCache<string, BulkheadPolicy>({ max: 10_000 });
  return {
    take(key, work) {
      const queue = queues.get(key) ?? bulkhead(each, Number.POSITIVE_INFINITY);
      queues.set(key, queue);
      return queue.execute(() => everybody.execute(work));
    },
  };
}

/**
 * Does the work of each item, in their order, for `atOnce` of them at a time. After a failure nothing more is begun, and
 * this rejects with it once all that was under way has ended.
 */
export async function forEachOf<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const failures: unknown[] = [];
  const takeInTurn = async () => {
    for (const item of left) {
      if (failures.length > 0) return;
      await work(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, takeInTurn));
  if (failures.length > 0) throw failures[0];
}
