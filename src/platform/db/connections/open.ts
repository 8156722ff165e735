import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { defaultDatabaseTimeoutMs } from '../../../settings/config.ts';
import { createNews, newsSession } from './news.ts';
import { type Plan, type Purpose, planOf } from './purposes.ts';
import { onReadOnly } from './read-only.ts';
import { settleSession } from './session.ts';
import { endWhenSilent, giveUp } from './silence.ts';

/*
 * There is a table of purposes: pools for requests, lists, exports, jobs, leases and points, and single connections
 * for events, health and migrations. All get the same session (time zone, date style, search_path, isolation,
 * timeouts, no JIT). Only how long they may take differs, as shares of one setting. Prisma's adapter writes and
 * reads moments as text without a zone, so a session in another zone than UTC would store each moment wrong.
 *
 * Nothing is passed as a startup option, because poolers drop or refuse them. One statement after connecting reads
 * what the session has, sets what differs, and refuses the connection when a setting still differs. A session on a
 * read-only database is refused also, because it may stay read-only after the database is writable again.
 */

/** What differs from one process to another. */
export interface ConnectionOptions {
  /** How long a statement may take; all other times are shares of it. */
  readonly timeoutMs?: number | undefined;
  /** Replaces the purpose's own number. */
  readonly maxConnections?: number | undefined;
  /** Is called, when a transaction is over, for each project for which it has written events. */
  readonly onNews?: ((projectId: string) => void) | undefined;
}

/** After this time a connection is replaced, and with it the statements that it knows by name. */
export const lifetimeSeconds = 3_600;

/** Opens a pool; its connections are made when first needed, and each is checked before it is handed out. */
export function openPool(url: string, purpose: Purpose, options: ConnectionOptions = {}): pg.Pool {
  const { timeoutMs = defaultDatabaseTimeoutMs, maxConnections, onNews } = options;
  const plan = planOf(purpose, timeoutMs);
  const session = { ...plan.session, ...(onNews ? newsSession : {}) };
  const news = onNews && createNews(onNews);
  const idle = new Set<pg.PoolClient>();
  /** The connections on which Postgres has refused a write because the session is read-only. */
  const readOnly = new WeakSet<pg.ClientBase>();
  const pool = new pg.Pool({
    ...clientConfig(url, plan),
    max: maxConnections ?? plan.connections,
    idleTimeoutMillis: plan.idleTimeoutMs,
    maxLifetimeSeconds: lifetimeSeconds,
    // When one connection went silent, the idle ones of its pool are most likely dead too.
    onConnect: async (client) => {
      await prepare(client, { ...plan, session }, () => idle.forEach(giveUp));
      news?.watch(client);
      // The idle connections are to the same server, which may no longer be the primary.
      const onRefused = () => {
        readOnly.add(client);
        idle.forEach(giveUp);
      };
      if (client instanceof pg.Client) onReadOnly(client, onRefused);
    },
  });
  pool.on('error', ignoreError);
  pool.on('acquire', (client) => idle.delete(client));
  pool.on('remove', (client) => idle.delete(client));
  pool.on('release', (_, client) => {
    news?.released(client);
    // When a connection is given back within a transaction, the next statement must not become a part of it.
    if (client.getTransactionStatus() !== 'I' || readOnly.has(client)) void client.end();
    else idle.add(client);
  });
  return pool;
}

/** Opens a pool and gives it to Prisma, whose `$disconnect` closes it. */
export function openAdapter(url: string, purpose: Purpose, options: ConnectionOptions = {}): PrismaPg {
  return adapterOf(openPool(url, purpose, options), { disposeExternalPool: true });
}

/** Gives a pool to Prisma. Its owner closes the pool, unless `disposeExternalPool` is set. */
export function adapterOf(pool: pg.Pool, { disposeExternalPool = false } = {}): PrismaPg {
  return new PrismaPg(pool, { disposeExternalPool });
}

/** Opens one connection. When it breaks, the pending statements fail, and the client emits `end`. */
export async function openClient(
  url: string,
  purpose: Purpose,
  { timeoutMs = defaultDatabaseTimeoutMs }: Pick<ConnectionOptions, 'timeoutMs'> = {},
): Promise<pg.Client> {
  const plan = planOf(purpose, timeoutMs);
  const client = new pg.Client(clientConfig(url, plan));
  client.on('error', ignoreError);
  try {
    await client.connect();
    await prepare(client, plan, () => undefined);
    return client;
  } catch (error) {
    void client.end().catch(() => undefined);
    throw error;
  }
}

/** A connection without a listener for its errors would end the process. The pending statement rejects by itself. */
function ignoreError(): void {}

function clientConfig(url: string, { application, connectTimeoutMs }: Plan): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: application,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
}

async function prepare(client: pg.ClientBase, plan: Plan, onSilence: () => void): Promise<void> {
  client.on('error', ignoreError);
  endWhenSilent(client, plan.connectTimeoutMs);
  await settleSession(client, plan.session);
  endWhenSilent(client, plan.answerTimeoutMs, onSilence);
}
