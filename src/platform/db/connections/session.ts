import type pg from 'pg';

/** The database gives this process a session that it must not use. The message is a sentence for an operator. */
export class SessionRefused extends Error {
  override name = 'SessionRefused';
}

/**
 * The database takes no writes now: it is a standby, or an operator made it read-only. The error has the shape of
 * Postgres' own error, so that every check for an outage recognises it.
 */
export class DatabaseReadOnly extends SessionRefused {
  override name = 'DatabaseReadOnly';
  readonly code = '25006';
  readonly severity = 'FATAL';

  constructor() {
    super('The database is read-only.');
  }
}

/**
 * Sets only the settings that differ: behind a pooler a setting may come from the role or the database. A setting that
 * this version of Postgres does not know is left out. A name with a point is a setting of Dramatis.
 */
const settleStatement = `
  SELECT name, wanted,
    CASE WHEN current_setting(name, true) = wanted THEN wanted ELSE set_config(name, wanted, false) END AS found,
    current_setting('transaction_read_only') = 'on' AS "isReadOnly"
  FROM unnest($1::text[], $2::text[]) AS s(name, wanted)
  WHERE current_setting(name, true) IS NOT NULL OR name LIKE '%.%'`;

/**
 * Gives a new connection its session settings, in one round trip. Throws SessionRefused when a setting still differs
 * afterwards. Throws DatabaseReadOnly on a read-only database, because the session may stay read-only after the
 * database is writable again.
 */
export async function settleSession(
  client: pg.ClientBase,
  session: Readonly<Record<string, string>>,
): Promise<void> {
  const { rows } = await client
    .query<{ name: string; wanted: string; found: string; isReadOnly: boolean }>(settleStatement, [
      Object.keys(session),
      Object.values(session),
    ])
    .catch((error: unknown) => {
      throw isSettingRefused(error)
        ? new SessionRefused(`A session cannot be given its settings (${error.message}): ${remedy}`)
        : error;
    });
  const wrong = rows.find(({ wanted, found }) => wanted !== found);
  if (wrong) {
    const { name, wanted, found } = wrong;
    throw new SessionRefused(`A session's ${name} is "${found}" and must be "${wanted}": ${remedy}`);
  }
  if (rows.some(({ isReadOnly }) => isReadOnly)) throw new DatabaseReadOnly();
}

const remedy = 'set it for the role or the database, or let the pooler pass it on.';

/** Not allowed, not possible now, or not a value of the setting. */
function isSettingRefused(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && /^(42501|55P02|22023)$/.test(String(error.code));
}
