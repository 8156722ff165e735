import pg from 'pg';
import { awaitLocks } from './lock-waits.ts';

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
    awaited: (sessions) => awaitLocks(async (text) => (await client.query(text)).rows, sessions),
    query: (text, values) => client.query(text, values),
    async release() {
      await client.query('COMMIT');
      await client.end();
    },
  };
}
