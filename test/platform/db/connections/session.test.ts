import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { openClient, openPool } from '../../../../src/platform/db/connections/open.ts';
import { type Purpose, planOf } from '../../../../src/platform/db/connections/purposes.ts';
import {
  DatabaseReadOnly,
  SessionRefused,
  settleSession,
} from '../../../../src/platform/db/connections/session.ts';
import {
  compareSessions,
  refuseSharedSessions,
} from '../../../../src/platform/db/connections/shared-sessions.ts';
import { isTransient } from '../../../../src/platform/db/transient.ts';
import { leaseSeconds } from '../../../../src/platform/jobs/holder.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/database.ts';
import { eventually } from '../../../support/eventually.ts';

let database: TestDatabase;
/** Sets, or resets, what new sessions of this database begin with. */
const alter = async (change: string) => {
  const [row] = await database.query('SELECT current_database() AS name');
  await database.query(`ALTER DATABASE ${row?.name} ${change}`);
};
beforeAll(async () => {
  database = await createTestDatabase();
  for (const hostile of [
    "TimeZone = 'Asia/Kolkata'",
    "DateStyle = 'German'",
    "IntervalStyle = 'iso_8601'",
    "bytea_output = 'escape'",
    'extra_float_digits = -4',
    'search_path = pg_temp',
    'statement_timeout = 3000',
    'lock_timeout = 1',
    'idle_in_transaction_session_timeout = 1',
    'idle_session_timeout = 1000',
    'transaction_timeout = 1000',
    "default_transaction_isolation = 'serializable'",
    'jit = on',
  ])
    await alter(`SET ${hostile}`);
});
afterAll(() => database.drop());

const purposes: Purpose[] = [
  'requests',
  'reads',
  'exports',
  'jobs',
  'leases',
  'events',
  'limits',
  'health',
  'start',
];
const settingsOf = async (client: pg.ClientBase, names: string[]) => {
  const { rows } = await client.query<{ name: string; value: string }>(
    'SELECT name, current_setting(name) AS value FROM unnest($1::text[]) s(name)',
    [names],
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
};

describe('a session on a database whose own settings are others', () => {
  it.each(purposes)('has the settings of its purpose: %s', async (purpose) => {
    const { session } = planOf(purpose, 15_000);
    const client = await openClient(database.url, purpose);
    expect(await settingsOf(client, Object.keys(session))).toEqual(session);
    await client.end();
    const pool = openPool(database.url, purpose);
    const pooled = await pool.connect();
    expect(await settingsOf(pooled, Object.keys(session))).toEqual(session);
    pooled.release();
    await pool.end();
  });

  it('goes by the name of its purpose, also where the URL says another', async () => {
    const client = await openClient(`${database.url}?application_name=other&statement_timeout=700`, 'reads');
    const { rows } = await client.query(
      'SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()',
    );
    expect(rows).toEqual([{ application_name: 'dramatis-reads' }]);
    await client.end();
  });
});

describe('settling a session', () => {
  const connect = async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    return client;
  };

  it('leaves alone what the role or the database gives already', async () => {
    const client = await connect();
    await settleSession(client, { TimeZone: 'Asia/Kolkata', jit: 'off' });
    const { rows } = await client.query(
      "SELECT name, source FROM pg_settings WHERE name IN ('TimeZone', 'jit') ORDER BY lower(name)",
    );
    expect(rows).toEqual([
      { name: 'jit', source: 'session' },
      { name: 'TimeZone', source: 'database' },
    ]);
    await client.end();
  });

  it.each([
    [{ server_encoding: 'LATIN1' }, /"server_encoding" cannot be changed\): set it for the role/],
    [{ log_connections: 'all' }, /"log_connections" cannot be set [a-z ]+\): set it for the role/],
    // Taken, and something else stands.
    [{ DateStyle: 'ISO' }, /^A session's DateStyle is "ISO, [A-Z]+" and must be "ISO": set it/],
  ])(
    'refuses a session that cannot be given %p, in one sentence that says what to do',
    async (session, said) => {
      const client = await connect();
      const failure = settleSession(client, session);
      await expect(failure).rejects.toThrow(SessionRefused);
      await expect(failure).rejects.toThrow(said);
      await client.end();
    },
  );

  it('passes over what this version of Postgres does not know', async () => {
    const client = await connect();
    await settleSession(client, { a_setting_of_the_future: 'on', TimeZone: 'UTC' });
    expect(await settingsOf(client, ['TimeZone'])).toEqual({ TimeZone: 'UTC' });
    await client.end();
  });
});

describe('a pooler', () => {
  it('that gives sessions away between transactions is refused; one that keeps them for a connection is not', async () => {
    const sessions = await Promise.all([1, 2].map(() => openClient(database.url, 'start')));
    const [one, two] = sessions;
    if (!one || !two) throw new Error('There are two.');
    await compareSessions(one, two);
    await refuseSharedSessions(database.url);
    // As PgBouncer does it: a transaction gets the session that was used last, and keeps it until it ends.
    const idle = [...sessions];
    const connect = () => {
      let held: pg.Client | undefined;
      return {
        async query(text: string, values?: unknown[]) {
          const session = held ?? idle.pop();
          if (!session) throw new Error('All sessions are taken.');
          const result = await session.query(text, values);
          held = session.getTransactionStatus() === 'T' ? session : undefined;
          if (!held) idle.push(session);
          return result;
        },
      };
    };
    await expect(compareSessions(connect(), connect())).rejects.toThrow(SessionRefused);
    await Promise.all(sessions.map((session) => session.end()));
  });
});

it.each([500, 15_000, 60_000, 600_000])(
  'a renewal of leases is given up before they end, where a statement may take %d ms',
  (timeoutMs) => {
    const { connectTimeoutMs, answerTimeoutMs } = planOf('leases', timeoutMs);
    expect(Math.max(connectTimeoutMs, answerTimeoutMs)).toBeLessThan((leaseSeconds - 2) * 1_000);
  },
);

describe('a database that takes no writes', () => {
  it('gets no connection, and that is an outage; afterwards none is left that was opened on it', async () => {
    const pool = openPool(database.url, 'requests');
    await alter('SET default_transaction_read_only = on');
    const [one, two] = await Promise.allSettled([pool.connect(), openClient(database.url, 'events')]);
    for (const settled of [one, two]) {
      const reason: unknown = settled.status === 'rejected' ? settled.reason : null;
      expect(reason).toBeInstanceOf(DatabaseReadOnly);
      expect(isTransient(reason)).toBe(true);
    }
    // Postgres ends a session a moment after its client has closed the connection.
    await eventually('the sessions have ended', async () => {
      const left = await database.query(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'dramatis%'",
      );
      return left.length === 0;
    });
    await alter('RESET default_transaction_read_only').catch(async () => {
      await database.query('SET default_transaction_read_only = off');
      await alter('RESET default_transaction_read_only');
    });
    await pool.query('CREATE TABLE written ()');
    await pool.end();
  });
});
