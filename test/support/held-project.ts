import pg from 'pg';
import { eventually } from './dramatis.ts';

/** The row of a project, locked by a transaction that is in the way of all others that want it. */
export interface HeldProject {
  /** Waits until so many sessions wait for a lock in this database. */
  awaited(sessions: number): Promise<void>;
  /** Changes something in the transaction that holds the row. */
  query(text: string, values?: unknown[]): Promise<unknown>;
  /** Commits; those that wait go on, one after another. */
  release(): Promise<void>;
}

/** Locks a project, by its row id. What is asked meanwhile has checked what it checks before its transaction. */
export async function holdProject(url: string, projectId: string): Promise<HeldProject> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('BEGIN');
  await client.query('SELECT 1 FROM projects WHERE id = $1 FOR NO KEY UPDATE', [projectId]);
  return {
    awaited: async (sessions) => {
      await eventually(`${sessions} sessions to wait for the project`, async () => {
        // A transaction sees what a statistic was at its first look, unless it asks anew.
        await client.query('SELECT pg_stat_clear_snapshot()');
        const { rows } = await client.query(
          `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
        );
        return rows.length >= sessions;
      });
    },
    query: (text, values) => client.query(text, values),
    async release() {
      await client.query('COMMIT');
      await client.end();
    },
  };
}
