import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, toError } from '../../../errors.ts';
import type { Logger } from '../../../logger.ts';
import { recordMigration } from './history.ts';
import type { Migration } from './read-migrations.ts';
import { openSession, reportEveryMs, type Session } from './session.ts';

/**
 * While a script waits for a table, all later statements on that table wait behind it. So it gives up and tries again.
 */
const lockTimeoutMs = 5_000;
const pauseMs = 2_000;
/** Postgres' codes of a lock that was not free in time, and of a deadlock. */
const tryAgainCodes = ['55P03', '40P01'];

/** The context in which a migration is applied. */
export interface Applying {
  readonly session: Session;
  readonly databaseUrl: string;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly signal: AbortSignal;
}

/**
 * Applies one migration, and logs its progress. `place` says which of how many it is. The script and its row in the
 * history are one transaction. When the signal aborts, the script is cancelled and rolled back.
 */
export async function applyMigration(applying: Applying, migration: Migration, place: string): Promise<void> {
  const { log, signal } = applying;
  const facts = { migration: migration.name };
  const startedAt = performance.now();
  const seconds = () => Number(((performance.now() - startedAt) / 1_000).toFixed(1));
  const reporting = setInterval(
    () => log.info({ ...facts, seconds: seconds() }, `still applying migration ${place}`),
    reportEveryMs,
  );
  const backend = await backendOf(applying.session);
  const cancel = () => void cancelStatement(applying.databaseUrl, backend);
  signal.addEventListener('abort', cancel);
  try {
    while (!(await wasApplied(applying, migration, place))) await sleep(pauseMs, undefined, { signal });
    log.info({ ...facts, seconds: seconds() }, `applied migration ${place}`);
  } finally {
    clearInterval(reporting);
    signal.removeEventListener('abort', cancel);
  }
}

/** Resolves to false when a lock was not free in time, so that the migration must be tried again. */
async function wasApplied({ session, log, signal }: Applying, migration: Migration, place: string) {
  const { name, concurrentIndex } = migration;
  try {
    signal.throwIfAborted();
    if (concurrentIndex === null) await applyInTransaction(session, migration, signal);
    else await buildIndex(session, migration, concurrentIndex, signal);
    return true;
  } catch (error) {
    if (!tryAgainCodes.includes(errorCode(error) ?? '') || signal.aborted) throw error;
    const reason = toError(error).message;
    log.warn({ migration: name, reason }, `migration ${place} found a table in use and tries again`);
    return false;
  }
}

async function applyInTransaction(session: Session, migration: Migration, signal: AbortSignal) {
  await session.query('BEGIN');
  try {
    await session.query(`SET LOCAL lock_timeout = ${lockTimeoutMs}`);
    signal.throwIfAborted();
    await session.query(migration.script);
    signal.throwIfAborted();
    await recordMigration(session, migration);
    await session.query('COMMIT');
  } catch (error) {
    await session.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/**
 * An interrupted build leaves an invalid index, which is dropped first: IF NOT EXISTS would take it for the real one.
 */
async function buildIndex(session: Session, migration: Migration, index: string, signal: AbortSignal) {
  const { rows } = await session.query<{ name: string }>(
    'SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid',
    [`"${index}"`],
  );
  for (const { name } of rows) await session.query(`DROP INDEX CONCURRENTLY ${name}`);
  signal.throwIfAborted();
  await session.query(migration.script);
  await recordMigration(session, migration);
}

async function backendOf(session: Session): Promise<number | undefined> {
  const { rows } = await session.query<{ backend: number }>('SELECT pg_backend_pid() AS backend');
  return rows[0]?.backend;
}

/** Cancels the statement of a session: when only the connection is closed, the script runs on. */
async function cancelStatement(databaseUrl: string, backend: number | undefined): Promise<void> {
  const other = await openSession(databaseUrl).catch(() => null);
  await other?.query('SELECT pg_cancel_backend($1)', [backend]).catch(() => undefined);
  await other?.end();
}
