import type pg from 'pg';
import { describeFailure } from './failure.ts';
import { openClient } from './open.ts';
import { SessionRefused } from './session.ts';

/** The check is repeated: a pooler that serves other clients meanwhile may give back the same session by chance. */
const tries = 3;

/**
 * Throws an Error of one line when a pooler that pools transactions gives a session to another connection between two
 * statements. Settings, locks, `LISTEN` and prepared statements would then be on a session that other clients use.
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

/** The part of a connection that the comparison needs. */
interface Statements {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly { readonly mark?: unknown }[] }>;
}

/** Throws SessionRefused when the session of one connection can become the session of the other. */
export async function compareSessions(one: Statements, two: Statements): Promise<void> {
  for (let count = 0; count < tries; count += 1) {
    const mark = `mark ${count}`;
    await one.query("SELECT set_config('dramatis.mark', $1, false)", [mark]);
    // A pooler that pools transactions gives a transaction the session that was used last.
    await two.query('BEGIN');
    const { rows } = await one.query("SELECT current_setting('dramatis.mark', true) AS mark");
    await two.query('ROLLBACK');
    if (rows[0]?.mark !== mark)
      throw new SessionRefused('A pooler shares sessions between transactions; it must pool sessions.');
  }
}
