import type pg from 'pg';
import { errorCode } from '../../../errors.ts';
import { postgresCode } from '../refusal.ts';

const readOnlyCode = '25006';

/**
 * Fails with Postgres' code for a read-only session when the session may not write: on a standby, or on an old primary
 * that was set read-only after a failover. Such a server may keep its sessions, while new sessions reach the new
 * primary.
 */
export const provesWritable = 'SELECT 1 AS one FROM settings LIMIT 0 FOR KEY SHARE';

/** Whether an error, of Prisma or of pg, says that the database takes no writes. */
export function isReadOnly(error: unknown): boolean {
  return errorCode(error) === readOnlyCode || postgresCode(error) === readOnlyCode;
}

/** Calls back each time Postgres refuses a write of a connection because the session is read-only. */
export function onReadOnly(client: pg.Client, onRefused: () => void): void {
  client.connection.on('errorMessage', (message: unknown) => {
    if (errorCode(message) === readOnlyCode) onRefused();
  });
}
