import type pg from 'pg';

/** The database gives this process a session that it must not work on. The message is a sentence for an operator. */
export class SessionRefused extends Error {
  override name = 'SessionRefused';
}

/**
 * The database takes no writes now: a standby, or an operator's wish. It has the shape of Postgres' own error, by which
 * all who ask know an outage.
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
 * Sets what differs, and only that: behind a pooler it may come from the role or the database. What this version of
 * Postgres does not know is passed over; names with a point are our own.
 */
const settleStatement = `
  SELECT name, wanted,
    CASE WHEN current_setting(name, true) = wanted THEN wanted ELSE set_config(name, wanted, false) END AS found,
    current_setting('transaction_read_only') = 'on' AS "isReadOnly"
  FROM unnest($1::text[], $2::text[]) AS s(name, wanted)
  WHERE current_setting(name, true) IS NOT NULL OR name LIKE '%.%'`;

/**
 * Gives a new connection its session, in one round trip. Throws SessionRefused when what then stands is not what is
 * needed, and DatabaseReadOnly: a session that was opened on a read-only database may stay so when that is over.
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
