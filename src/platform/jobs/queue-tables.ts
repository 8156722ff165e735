import { PgBoss } from 'pg-boss';
import { openPool } from '../db/connections/open.ts';

/** Makes or updates the queue's tables, as the role that is to own them. `databaseUrl` names this role. */
export async function prepareJobQueue(databaseUrl: string): Promise<void> {
  const pool = openPool(databaseUrl, 'start');
  const boss = new PgBoss({
    db: { executeSql: (text, values) => pool.query(text, values) },
    schedule: false,
    supervise: false,
  });
  try {
    await boss.start();
    await boss.stop({ graceful: false });
  } finally {
    await pool.end();
  }
}
