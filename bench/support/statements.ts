import { setTimeout as sleep } from 'node:timers/promises';
import { withClient } from './client.ts';

/** The work of one request in the database. */
export interface StatementFigures {
  readonly statements: number;
  /** The rows of characters, reference images and runs that Postgres fetched from the tables. */
  readonly rowsRead: number;
  /** The rows that statements on these tables returned. */
  readonly rowsReturned: number;
  /** The statements, shortened, with how often a request sends each. */
  readonly texts: readonly string[];
}

/** A connection reports its reads at most ten seconds after it became idle. */
const reportedWithinMs = 11_000;
const tables = ['characters', 'reference_images', 'generations'];

/** The number of requests at a time, as in the races. */
const atOnce = 16;

/**
 * Counts the statements of one request by sending many. The statements that the server sends in an equally long time
 * without requests are subtracted. No other program may use the database meanwhile.
 */
export async function countStatements(
  databaseUrl: string,
  ask: () => Promise<unknown>,
  times = 96,
): Promise<StatementFigures> {
  const adminUrl = databaseUrl.replace(/\/[^/]*$/, '/postgres');
  const database = databaseUrl.slice(databaseUrl.lastIndexOf('/') + 1);
  const sent = (work: () => Promise<unknown>) =>
    withClient(adminUrl, async (client) => {
      await client.query(
        'CREATE EXTENSION IF NOT EXISTS pg_stat_statements; SELECT pg_stat_statements_reset()',
      );
      await work();
      const { rows } = await client.query<{ query: string; calls: number; rows: number }>(
        `SELECT s.query, s.calls::float8 AS calls, s.rows::float8 AS rows FROM pg_stat_statements s
         JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = $1 ORDER BY s.calls DESC`,
        [database],
      );
      return rows;
    });
  const askMany = async (count: number) => {
    let left = count;
    const one = async () => {
      while (left-- > 0) await ask();
    };
    await Promise.all(Array.from({ length: atOnce }, one));
  };
  await askMany(64);
  await sleep(reportedWithinMs);
  const before = await rowsReadOf(databaseUrl);
  const startedAt = performance.now();
  const busy = await sent(() => askMany(times));
  const tookMs = performance.now() - startedAt;
  const idle = new Map((await sent(() => sleep(tookMs))).map(({ query, calls }) => [query, calls]));
  const rows = busy
    .map((each) => ({ ...each, calls: each.calls - (idle.get(each.query) ?? 0) }))
    // Statements that occur only a few times do not belong to the request.
    .filter(({ calls }) => calls > times / 20);
  await sleep(reportedWithinMs);
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const ofTables = rows.filter(({ query }) =>
    tables.some((table) => new RegExp(`\\b${table}\\b`).test(query)),
  );
  return {
    statements: sum(rows.map(({ calls }) => calls)) / times,
    rowsRead: ((await rowsReadOf(databaseUrl)) - before) / times,
    rowsReturned: sum(ofTables.map((each) => each.rows)) / times,
    texts: rows.map(
      ({ query, calls }) => `${(calls / times).toFixed(2)} x ${query.replace(/\s+/g, ' ').slice(0, 160)}`,
    ),
  };
}

async function rowsReadOf(databaseUrl: string): Promise<number> {
  const { rows } = await withClient(databaseUrl, (client) =>
    client.query<{ read: number }>(
      `SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::float8 AS read FROM pg_stat_user_tables
       WHERE schemaname = 'public' AND relname = ANY($1)`,
      [tables],
    ),
  );
  return rows[0]?.read ?? Number.NaN;
}
