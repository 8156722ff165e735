import type { Database, Transaction } from './connect.ts';

/** An advisory lock of the database. Its number is used for no other lock. */
export interface Lock {
  readonly key: number;
  /**
   * How long the work may take, in milliseconds. It may meanwhile wait for other services than the database. By default
   * it has the time of other transactions.
   */
  readonly longestMs?: number;
}

/**
 * Does work in a transaction that holds a lock. The work gets the moment when the transaction began, by the database's
 * clock. While another transaction holds the lock, it resolves to null at once, and the work is not done.
 */
export async function underLock<Result>(
  db: Pick<Database, '$transaction'>,
  { key, longestMs }: Lock,
  work: (tx: Transaction, now: Date) => Promise<Result>,
): Promise<Result | null> {
  const options = longestMs === undefined ? {} : { timeout: longestMs };
  return db.$transaction(async (tx) => {
    const [lock] = await tx.$queryRaw<{ isMine: boolean; now: Date }[]>`
      SELECT pg_try_advisory_xact_lock(${key}) AS "isMine", now() AS now`;
    if (!lock?.isMine) return null;
    if (longestMs !== undefined) await tx.$executeRaw`SET LOCAL idle_in_transaction_session_timeout = 0`;
    return work(tx, lock.now);
  }, options);
}
