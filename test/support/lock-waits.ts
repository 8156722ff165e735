import { eventually } from './eventually.ts';

/** Waits until the fetch of a job queue waits for a lock. */
export async function awaitFetch(query: (text: string) => Promise<unknown[]>): Promise<void> {
  await eventually('the fetch to wait', async () => {
    const waiting = await query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
         AND application_name = 'dramatis-leases' AND query ILIKE '%SKIP LOCKED%'`,
    );
    return waiting.length > 0;
  });
}

/** Waits until so many sessions of this database wait for a lock. */
export async function awaitLocks(
  query: (text: string) => Promise<unknown[]>,
  sessions: number,
): Promise<void> {
  await eventually(`${sessions} sessions to wait for a lock`, async () => {
    // A transaction sees what a statistic was at its first look, unless it asks anew.
    await query('SELECT pg_stat_clear_snapshot()');
    const waiting = await query(
      "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
    );
    return waiting.length >= sessions;
  });
}
