import { type BulkheadPolicy, bulkhead } from 'cockatiel';
import { LRUCache } from 'lru-cache';
import type { Database } from './connect.ts';
import { isRefusal } from './refusal.ts';
import { isConflict, isTransient } from './transient.ts';

/*
 * Queues within this process, in three forms, each made of the one before. Bounds limit how much of one kind of work
 * runs at a time. Turns are bounds for work on the database that can be done for many callers at once. Shared reads
 * are turns in which one statement answers all callers.
 *
 * Why turns: requests for rows of one parent run one after another anyway, because the parent's row numbers their
 * events. Callers that would wait for that lock at the database wait in the process instead, and the caller whose
 * turn it is takes all waiting callers along, in one transaction. The database writes them in their order, each in a
 * savepoint, so that a refusal concerns only its own. What the database refuses for another reason is tried again one
 * by one; what may have been committed is never tried again.
 *
 * Why shared reads: requests that come together need the same kinds of rows. Their statement starts after they
 * asked, so it is no cache: a revoked key is refused at once. cockatiel's bulkhead keeps each queue; it has no queue
 * for each key, and no turn that several share.
 */

/** Limits how much of one kind of work runs at a time, in all and for each key. Other work waits. */
export interface Bounds {
  take<Result>(key: string, work: () => Promise<Result>): Promise<Result>;
}

/**
 * Bounds for a process: at most `all` pieces of work at a time, and at most `each` of them for one key, so that one key
 * never takes every place. At most `waiting` pieces wait; more are refused.
 */
export function createBounds({
  all,
  each,
  waiting = Number.POSITIVE_INFINITY,
}: {
  all: number;
  each: number;
  waiting?: number;
}): Bounds {
  const inAll = bulkhead(all, waiting);
  const queues = new LRUCache<string, BulkheadPolicy>({ max: 10_000 });
  return {
    take(key, work) {
      const queue = queues.get(key) ?? bulkhead(each, waiting);
      queues.set(key, queue);
      return queue.execute(() => inAll.execute(work));
    },
  };
}

/**
 * Queues by key. Work that would wait for the same row in the database waits here instead, because a client that asks for
 * a thousand things at once must not use every connection for waiting on its own lock.
 *
 * When the database is away in a turn, all work that waits for the key by then fails with the same error and is not
 * begun. Otherwise each piece would wait for a timeout of its own, and the last would fail after minutes.
 */
export interface Turns extends Bounds {
  /** The same for work that is as quick for many items as for one: a turn takes all items that wait when it begins. */
  share<Item, Result>(key: string, item: Item, work: SharedWork<Item, Result>): Promise<Result>;
}

/**
 * The work of a shared turn, in one transaction. It gets the items in the order of arrival and resolves to their results
 * in that order. When the database refuses one item, it is called again for each item alone. A key has one kind of item.
 */
export type SharedWork<Item, Result> = (items: readonly Item[]) => Promise<readonly Result[]>;

/** The longest queue. Requests are limited elsewhere; this only keeps memory bounded. */
const longestQueue = 100_000;

interface Member<Item, Result> {
  readonly item: Item;
  resolve(result: Result | PromiseLike<Result>): void;
  reject(error: unknown): void;
}

/**
 * The turns of a process: at most `atOnce` at a time for a key, at most `inAll` at a time, and at most `mostTogether` items
 * in one.
 */
export function createTurns({ atOnce = 1, mostTogether = 50, inAll = longestQueue } = {}): Turns {
  const bounds = createBounds({ all: inAll, each: atOnce, waiting: longestQueue });
  /** By key, the last turn in which the database was away. */
  const outages = new LRUCache<string, { readonly place: number; readonly error: unknown }>({ max: 10_000 });
  /** The number of turns that were asked for. */
  let asked = 0;
  /** By key, the items of the next shared turn, which has not begun. */
  const waiting = new Map<string, Member<unknown, unknown>[]>();

  function take<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    asked += 1;
    const place = asked;
    return bounds.take(key, async () => {
      const outage = outages.get(key);
      if (outage && outage.place >= place) throw outage.error;
      try {
        return await work();
      } catch (error) {
        if (isTransient(error) && !isConflict(error)) outages.set(key, { place: asked, error });
        throw error;
      }
    });
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
        // A turn that failed in the queue never began.
        if (waiting.get(key) === opened) waiting.delete(key);
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
    // Only work that certainly left nothing behind is repeated.
    if (members.length === 1 || !isRefusal(error)) throw error;
    for (const member of members) await serve([member], work).catch(member.reject);
    return null;
  });
  for (const [index, result] of results?.entries() ?? []) members[index]?.resolve(result);
}

/** Two statements run at a time, each for at most a thousand items. */
export const sharing = { atOnce: 2, mostTogether: 1_000 };

const turnsOf = new WeakMap<Database, Turns>();

/**
 * A read that many requests need at the same time, as one statement. While two statements run, new requests collect for
 * the next one. Each request gets what is true after it asked. `read` resolves to results in the order of the items.
 */
export function sharedRead<Item, Result>(
  name: string,
  read: (db: Database, items: readonly Item[]) => Promise<readonly Result[]>,
): (db: Database, item: Item) => Promise<Result> {
  return (db, item) => {
    const turns = turnsOf.get(db) ?? createTurns(sharing);
    turnsOf.set(db, turns);
    return turns.share(name, item, (items) => read(db, items));
  };
}
