import type { Database } from './connect.ts';

/** The database's time in milliseconds since 1970: the clock of a host may be hours off. */
export type DatabaseClock = () => Promise<number>;

/** Two clocks drift apart only by milliseconds in this time. */
const believedMs = 60_000;

/**
 * Asks the database for its time once a minute at most, and counts on from there. `now` is a monotonic clock in
 * milliseconds.
 */
export function createDatabaseClock(
  db: Pick<Database, '$queryRaw'>,
  now: () => number = () => performance.now(),
): DatabaseClock {
  let asked: { readonly at: number; readonly offset: Promise<number> } | undefined;

  async function offset(): Promise<number> {
    const sentAt = now();
    const [row] = await db.$queryRaw<{ ms: number }[]>`
      SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms`;
    if (!row) throw new Error('The database does not return its time.');
    return row.ms - (sentAt + now()) / 2;
  }

  return async () => {
    if (!asked || now() - asked.at > believedMs) asked = { at: now(), offset: offset() };
    const current = asked;
    try {
      return now() + (await current.offset);
    } catch (error) {
      if (asked === current) asked = undefined;
      throw error;
    }
  };
}
