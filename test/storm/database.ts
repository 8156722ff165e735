import pg from 'pg';
import { delay } from '../support/delay.ts';
import { startReplicatedPostgres } from '../support/replica.ts';

export type Row = Record<string, unknown>;

/** A Postgres of the storm's own. */
export interface Database {
  readonly url: string;
  query(text: string, values?: unknown[]): Promise<Row[]>;
  /** The same, again and again while it is down. */
  insist(text: string, values?: unknown[]): Promise<Row[]>;
  /** Kills a backend: Postgres ends every session and recovers from its log. Resolves to the moment, or null if it was down. */
  crash(): Promise<number | null>;
  /** Its connections of now go silent; new ones work. */
  silence(): void;
  /** Stops all its processes; returns what lets them go on. */
  freeze(): () => void;
  /** Whether it takes writes. */
  setReadOnly(isReadOnly: boolean): Promise<void>;
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
  // A connection that went silent is given up.
  const patience = { connectionTimeoutMillis: 5_000, query_timeout: 8_000 };
  const pool = new pg.Pool({ connectionString: postgres.url, max: 4, ...patience });
  pool.on('error', () => undefined);
  const query = async (text: string, values?: unknown[]) => (await pool.query<Row>(text, values)).rows;
  async function setReadOnly(isReadOnly: boolean): Promise<void> {
    const client = new pg.Client({ connectionString: postgres.url, ...patience });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('SET default_transaction_read_only = off');
      await client.query(`ALTER SYSTEM SET default_transaction_read_only = ${isReadOnly ? 'on' : 'off'}`);
      await client.query('SELECT pg_reload_conf()');
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  return {
    url: postgres.url,
    query,
    insist: (text, values) => untilUp(() => query(text, values)),
    async crash() {
      const client = new pg.Client({ connectionString: postgres.url, ...patience });
      client.on('error', () => undefined);
      try {
        await client.connect();
        const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        const pid = rows[0]?.pid;
        if (pid === undefined) return null;
        process.kill(pid, 'SIGKILL');
        return Date.now();
      } catch {
        return null;
      } finally {
        await client.end().catch(() => undefined);
      }
    },
    silence: () => postgres.silence(),
    freeze: () => postgres.freeze(),
    setReadOnly: (isReadOnly) => untilUp(() => setReadOnly(isReadOnly)),
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
      await delay(lagMs);
      await postgres.failOver();
    },
    async stop() {
      // A silent connection does not answer to its end: the proxy's end is that of all.
      const ended = pool.end().catch(() => undefined);
      await postgres.stop();
      await ended;
    },
  };
}

async function untilUp<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isDown(error) || tries > 100) throw error;
      await delay(200);
    }
  }
}
