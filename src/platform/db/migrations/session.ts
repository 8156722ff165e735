import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Logger } from '../../../logger.ts';
import { describeFailure } from '../connections/failure.ts';
import { openClient } from '../connections/open.ts';
import { endWhenSilent } from '../connections/silence.ts';
import { locks } from '../locks.ts';

/** The one session that migrates. Its lock, its transactions and its statements end together. */
export type Session = pg.Client;

/**
 * The lock of this build, and the lock of Prisma's engine, which applied the migrations of older builds. When such a
 * process was killed, its script may still run in the database, in a session that has Prisma's lock.
 */
const wanted = [locks.migration, locks.prismaMigration];
const askEveryMs = 200;
/** The time between two log lines about a wait or a long script. */
export const reportEveryMs = 3_000;

/** Opens a session without time limits. Throws an Error of one line when the database does not answer. */
export async function openSession(databaseUrl: string): Promise<Session> {
  let session: Session | undefined;
  try {
    session = await openClient(databaseUrl, 'start');
    // Only the settings that this version of Postgres has. Keepalives end the session of a lost client, and so its
    // lock.
    await session.query(`SELECT set_config(name, value, false) FROM pg_settings JOIN (VALUES
      ('statement_timeout', '0'), ('lock_timeout', '0'), ('transaction_timeout', '0'),
      ('idle_in_transaction_session_timeout', '0'),
      ('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3')
    ) AS wanted (name, value) USING (name)`);
    // A long script sends no bytes. If silence ended the connection, each start would fail at the same script.
    endWhenSilent(session, 0);
    return session;
  } catch (error) {
    await session?.end().catch(() => undefined);
    throw describeFailure(databaseUrl, error);
  }
}

/**
 * Resolves when this session has the locks, which it keeps until it ends. It tries repeatedly instead of waiting in the
 * database, because a waiting statement would delay an index that the other process builds concurrently.
 */
export async function takeTurn(session: Session, log: Pick<Logger, 'info'>, signal: AbortSignal) {
  const startedAt = performance.now();
  let reportedAt = startedAt;
  while (!(await tryLocks(session))) {
    if (performance.now() - reportedAt >= reportEveryMs) {
      reportedAt = performance.now();
      const waitedSeconds = Math.round((reportedAt - startedAt) / 1_000);
      log.info(
        { waitedSeconds, ...(await holder(session)) },
        'waiting for another process to finish migrating',
      );
    }
    await sleep(askEveryMs, undefined, { signal });
  }
}

async function tryLocks(session: Session): Promise<boolean> {
  for (const lock of wanted) {
    const { rows } = await session.query<{ isOurs: boolean }>('SELECT pg_try_advisory_lock($1) AS "isOurs"', [
      lock,
    ]);
    if (!rows[0]?.isOurs) return false;
  }
  return true;
}

/** The session of the database that has a lock, for the log. */
async function holder(session: Session): Promise<{ backend?: number; address?: string | null }> {
  const { rows } = await session.query<{ backend: number; address: string | null }>(
    `SELECT l.pid AS backend, a.client_addr::text AS address
     FROM pg_locks l JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
     LEFT JOIN pg_stat_activity a USING (pid)
     WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = ANY ($1::int[]) AND l.pid <> pg_backend_pid()`,
    [wanted],
  );
  return rows[0] ?? {};
}

/** After a process has ended, its connections may stay for a moment. */
const leavingMs = 3_000;

/** Whether processes that have started are connected to the database. Waits up to `leavingMs` until they are gone. */
export async function hasCompany(session: Session): Promise<boolean> {
  const until = performance.now() + leavingMs;
  while (await isInUse(session)) {
    if (performance.now() > until) return true;
    await sleep(askEveryMs);
  }
  return false;
}

/** Whether processes that have started are connected to the database now. */
export async function isInUse(session: Session): Promise<boolean> {
  const { rowCount } = await session.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database()
       AND application_name LIKE 'dramatis%' AND application_name NOT LIKE 'dramatis-start%'
       AND application_name <> 'dramatis-verify'`,
  );
  return rowCount !== 0;
}
