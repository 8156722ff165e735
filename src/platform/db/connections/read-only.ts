import type pg from 'pg';
import { errorCode } from '../../../errors.ts';
import { postgresCode } from '../refusal.ts';

const readOnlyCode = '25006';

/**
 * Fails, with Postgres' code for it, in a session that may not write: on a standby, or on a primary that was set read-only
 * when another took its place. Such a primary may keep its sessions, and new ones reach the other.
 */
export const provesWritable = 'SELECT 1 AS one FROM settings LIMIT 0 FOR KEY SHARE';

/** Whether a failure says that the database takes no writes, through Prisma or not. */
export function isReadOnly(error: unknown): boolean {
  return errorCode(error) === readOnlyCode || postgresCode(error) === readOnlyCode;
}

/** Calls back each time Postgres refuses a write of a connection because the session is read-only. */
export function onReadOnly(client: pg.Client, told: () => void): void {
  client.connection.on('errorMessage', (message: unknown) => {
    if (errorCode(message) === readOnlyCode) told();
  });
}
