import pg from 'pg';
import { startReplicatedPostgres } from '../support/replica.ts';

export type Row = Record<string, unknown>;

/** A Postgres of the storm's own. */
export interface Database {
  readonly url: string;
  query(text: string, values?: unknown[]): Promise<Row[]>;
  /** The same, again and again while it is down. */
  insist(text: string, values?: unknown[]): Promise<Row[]>;
  /** Kills a backend: Postgres ends every session and recovers from its log. Resolves to whether it was up to be hit. */
  crash(): Promise<boolean>;
  /** Makes the replica that `failOver` promotes. */
  follow(): Promise<void>;
  /** The replica hears nothing more of the primary, and takes its place so much later: what is committed then is lost. */
  failOver(lagMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** Whether this is about a database that is away, and not about the statement. */
export function isDown(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return !/^[0-9A-Z]{5}$/.test(code) || /^(08|53|57)/.test(code);
}

/** Starts it. Commits reach its log before they are answered; only a machine's own crash could lose them. */
export async function openDatabase(): Promise<Database> {
  const postgres = await startReplicatedPostgres();
  const pool = new pg.Pool({ connectionString: postgres.url, max: 4, connectionTimeoutMillis: 5_000 });
  pool.on('error', () => undefined);
  const query = async (text: string, values?: unknown[]) => (await pool.query<Row>(text, values)).rows;
  return {
    url: postgres.url,
    query,
    async insist(text, values) {
      for (let tries = 0; ; tries += 1) {
        try {
          return await query(text, values);
        } catch (error) {
          if (!isDown(error) || tries > 100) throw error;
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
      }
    },
    async crash() {
      const client = new pg.Client({ connectionString: postgres.url, connectionTimeoutMillis: 2_000 });
      client.on('error', () => undefined);
      try {
        await client.connect();
        const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        const pid = rows[0]?.pid;
        if (pid === undefined) return false;
        process.kill(pid, 'SIGKILL');
        return true;
      } catch {
        return false;
      } finally {
        await client.end().catch(() => undefined);
      }
    },
    follow: () => postgres.follow(),
    async failOver(lagMs) {
      // It may be recovering from a crash.
      while (
        !(await postgres.caughtUp().then(
          () => true,
          () => false,
        ))
      );
      postgres.lag();
      await new Promise((resolve) => setTimeout(resolve, lagMs));
      await postgres.failOver();
    },
    async stop() {
      await pool.end().catch(() => undefined);
      await postgres.stop();
    },
  };
}
