import type pg from 'pg';
import { describeFailure } from './failure.ts';
import { openClient } from './open.ts';
import { SessionRefused } from './session.ts';

/** A pooler that serves others meanwhile may by chance give back the same session. */
const tries = 3;

/**
 * Throws an Error of one line when another connection can be given our session between two statements: a pooler that pools
 * transactions. Settings, locks, `LISTEN` and prepared statements would be on a session that others use.
 */
export async function refuseSharedSessions(databaseUrl: string): Promise<void> {
  const clients: pg.Client[] = [];
  try {
    const open = async () => {
      const client = await openClient(databaseUrl, 'start');
      clients.push(client);
      return client;
    };
    await compareSessions(await open(), await open());
  } catch (error) {
    throw describeFailure(databaseUrl, error);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

/** The part of a connection that this needs. */
interface Statements {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly { readonly mark?: unknown }[] }>;
}

/** Throws SessionRefused when the session of one connection can become that of the other. */
export async function compareSessions(one: Statements, two: Statements): Promise<void> {
  for (let count = 0; count < tries; count += 1) {
    const mark = `mark ${count}`;
    await one.query("SELECT set_config('dramatis.mark', $1, false)", [mark]);
    // Such a pooler gives a transaction the session that was used last.
    await two.query('BEGIN');
    const { rows } = await one.query("SELECT current_setting('dramatis.mark', true) AS mark");
    await two.query('ROLLBACK');
    if (rows[0]?.mark !== mark)
      throw new SessionRefused('A pooler gives sessions away between transactions; it must pool sessions.');
  }
}
