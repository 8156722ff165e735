import { type BulkheadPolicy, bulkhead } from 'cockatiel';
import { LRUCache } from 'lru-cache';
import { isRefusal } from './refusal.ts';

/**
 * Lets what would wait for the same row wait here instead: a project that asks for a thousand things at once must not
 * take every connection to the database for waiting on its own lock.
 */
export interface Turns {
  take<Result>(key: string, work: () => Promise<Result>): Promise<Result>;
  /** The same for what is done for many as quickly as for one: a turn takes along all who wait for it when it begins. */
  share<Item, Result>(key: string, item: Item, work: SharedWork<Item, Result>): Promise<Result>;
}

/**
 * What is done in one transaction for all who share a turn: gets their items in the order of arrival, and answers in it.
 * When the database refuses what one of them brought, it is called again for each alone. One kind of item for a key.
 */
export type SharedWork<Item, Result> = (items: readonly Item[]) => Promise<readonly Result[]>;

/** Requests are limited elsewhere; this only keeps a queue from being endless. */
const longestQueue = 100_000;

interface Member<Item, Result> {
  readonly item: Item;
  resolve(result: Result | PromiseLike<Result>): void;
  reject(error: unknown): void;
}

/** The turns of a process: so many are taken at once for a key, so many in all, and so many share one. */
export function createTurns({ atOnce = 1, mostTogether = 50, inAll = longestQueue } = {}): Turns {
  const everybody = bulkhead(inAll, longestQueue);
  const queues = new LRUCache<string, BulkheadPolicy>({ max: 10_000 });
  /** Who waits for a turn that has not begun. */
  const waiting = new Map<string, Member<unknown, unknown>[]>();

  function take<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const queue = queues.get(key) ?? bulkhead(atOnce, longestQueue);
    queues.set(key, queue);
    return queue.execute(() => everybody.execute(work));
  }

  function join(key: string, member: Member<unknown, unknown>): Member<unknown, unknown>[] | null {
    const open = waiting.get(key);
    if (open && open.length < mostTogether) {
      open.push(member);
      return null;
    }
    const opened = [member];
    waiting.set(key, opened);
    return opened;
  }

  return {
    take,
    share<Item, Result>(key: string, item: Item, work: SharedWork<Item, Result>) {
      const { promise, resolve, reject } = Promise.withResolvers<Result>();
      const opened = join(key, { item, resolve, reject }) as Member<Item, Result>[] | null;
      if (opened === null) return promise;
      const turn = take(key, () => {
        if (waiting.get(key) === opened) waiting.delete(key);
        return serve(opened, work);
      });
      turn.catch((error: unknown) => {
        for (const member of opened) member.reject(error);
      });
      return promise;
    },
  };
}

async function serve<Item, Result>(
  members: readonly Member<Item, Result>[],
  work: SharedWork<Item, Result>,
): Promise<void> {
  const results = await work(members.map(({ item }) => item)).catch(async (error: unknown) => {
    // Only what surely left nothing behind is done again.
    if (members.length === 1 || !isRefusal(error)) throw error;
    for (const member of members) await serve([member], work).catch(member.reject);
    return null;
  });
  for (const [index, result] of results?.entries() ?? []) members[index]?.resolve(result);
}
