import { PgBoss } from 'pg-boss';
import { errorCode } from '../../errors.ts';
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
    await tendJobTable(pool);
  } finally {
    await pool.end();
  }
}

/** Rows of jobs live for minutes, so the table is cleaned often: dead rows make each fetch slower. */
const upkeep = {
  autovacuum_vacuum_scale_factor: '0.02',
  autovacuum_analyze_scale_factor: '0.05',
  autovacuum_vacuum_insert_scale_factor: '0.1',
};
/** Postgres' code when the role does not own the table. */
const notOwner = '42501';

/** Sets how often Postgres cleans the table of jobs, once. A role that does not own the table leaves it as it is. */
export async function tendJobTable(pool: ReturnType<typeof openPool>): Promise<void> {
  const { rows } = await pool.query<{ options: string[] | null }>(
    `SELECT reloptions AS options FROM pg_class WHERE oid = to_regclass('pgboss.job_common')`,
  );
  const [table] = rows;
  const wanted = Object.entries(upkeep).map(([name, value]) => `${name}=${value}`);
  if (!table || wanted.every((option) => table.options?.includes(option))) return;
  await pool.query(`ALTER TABLE pgboss.job_common SET (${wanted.join(', ')})`).catch((error: unknown) => {
    if (errorCode(error) !== notOwner) throw error;
  });
}
