import type { Transaction } from './connect.ts';

/**
 * The database's time, since hosts may disagree. That of asking, not of the transaction's start: under a lock
 * that orders writers, what was written before is never of a later time.
 */
export async function databaseTime(db: Pick<Transaction, '$queryRaw'>): Promise<Date> {
  const [clock] = await db.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`;
  if (!clock) throw new Error('The database returned no time.');
  return clock.now;
}
