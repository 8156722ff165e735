import { randomUUID } from 'node:crypto';
import pg from 'pg';

/** A migrated database of a test's own. */
export interface TestDatabase {
  readonly url: string;
  query(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  drop(): Promise<void>;
}

function adminUrl(): string {
  const url = process.env.TEST_POSTGRES_URL;
  if (!url) throw new Error('Tests are run with `npm test`, which starts Postgres.');
  return url;
}

async function asAdmin(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl() });
  await client.connect();
  try {
    // Cloning fails while another clone of the template runs: one at a time.
    await client.query('SELECT pg_advisory_lock(1)');
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Clones the template; nothing else is connected to it. Its sessions begin in `timeZone`. */
export async function createTestDatabase(timeZone = 'UTC'): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asAdmin(`CREATE DATABASE ${name} TEMPLATE dramatis_template`);
  if (timeZone !== 'UTC') await asAdmin(`ALTER DATABASE ${name} SET TimeZone = '${timeZone}'`);
  const url = adminUrl().replace(/\/[^/]+$/, `/${name}`);
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  pool.on('error', () => undefined);
  return {
    url,
    query: async (text, values) => (await pool.query(text, values)).rows,
    async drop() {
      await pool.end();
      await asAdmin(`DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}
