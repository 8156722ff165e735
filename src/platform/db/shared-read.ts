import type { Database } from './connect.ts';
import { createTurns, type Turns } from './turns.ts';

/** Two statements on their way, and as many as one may be asked for. */
const sharing = { atOnce: 2, mostTogether: 1_000 };

const turnsOf = new WeakMap<Database, Turns>();

/**
 * A read that many requests want at the same time, as one statement: while two are on their way, whoever asks gathers for
 * the next. So it is no cache: everybody gets what is true after they asked. `read` answers in the order of the items.
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
