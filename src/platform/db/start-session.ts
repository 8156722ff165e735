import { toError } from '../../errors.ts';
import { openClient } from './connections/open.ts';

/** Any number, as long as no other part of the database uses it. */
const startLock = 7_236_504;
/** A process that has just ended may take a moment to leave the database. */
const patienceMs = 3_000;

/** The one connection of a process that is starting. */
export interface StartSession {
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Whether processes that have started are connected. Waits a moment for those that are about to leave. */
  hasCompany(): Promise<boolean>;
}

/**
 * Does what one process at a time may do before it works on a database; the others wait for it. Throws an Error of one
 * line when the database does not answer.
 */
export async function withStartSession<Result>(
  databaseUrl: string,
  work: (session: StartSession) => Promise<Result>,
): Promise<Result> {
  const client = await openClient(databaseUrl, 'start').catch((error: unknown) => {
    throw unreachable(databaseUrl, error);
  });
  const query = async <Row extends object>(text: string, values: readonly unknown[] = []) =>
    (await client.query<Row>(text, [...values])).rows;
  try {
    await query('SELECT pg_advisory_lock($1)', [startLock]);
    return await work({ query, hasCompany: () => hasCompany(query) });
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function hasCompany(query: StartSession['query']): Promise<boolean> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const others = await query(`
      SELECT pid FROM pg_stat_activity WHERE datname = current_database()
        AND application_name LIKE 'dramatis%' AND application_name NOT LIKE 'dramatis-start%'`);
    if (others.length === 0) return false;
    if (performance.now() > until) return true;
    await query('SELECT pg_sleep(0.1)');
  }
}

function unreachable(databaseUrl: string, error: unknown): Error {
  const { hostname, port, pathname } = new URL(databaseUrl);
  const cause = toError(error);
  const reason = cause instanceof AggregateError ? toError(cause.errors[0]).message : cause.message;
  return new Error(`the database at ${hostname}:${port || 5432}${pathname} does not answer: ${reason}`);
}
