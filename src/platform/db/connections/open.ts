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
 * what the session has, sets what differs, and refuses the connection when something else stands. A session on a
 * read-only database is refused as well, because it may stay read-only when that is over.
 */

/** What differs from one process to another. */
export interface ConnectionOptions {
  /** How long a statement may take; all other times are shares of it. */
  readonly timeoutMs?: number | undefined;
  /** Instead of the purpose's own number. */
  readonly maxConnections?: number | undefined;
  /** Is called for each project of which a transaction has written events, when it is over. */
  readonly onNews?: ((projectId: string) => void) | undefined;
}

/** After this time a connection, and the statements it knows by name, are new. */
export const lifetimeSeconds = 3_600;

/** Opens a pool; its connections are made when first needed, and each is checked before it is handed out. */
export function openPool(url: string, purpose: Purpose, options: ConnectionOptions = {}): pg.Pool {
  const { timeoutMs = defaultDatabaseTimeoutMs, maxConnections, onNews } = options;
  const plan = planOf(purpose, timeoutMs);
  const session = { ...plan.session, ...(onNews ? newsSession : {}) };
  const news = onNews && createNews(onNews);
  const idle = new Set<pg.PoolClient>();
  /** Those that were told that they may not write. */
  const readOnly = new WeakSet<pg.ClientBase>();
  const pool = new pg.Pool({
    ...clientConfig(url, plan),
    max: maxConnections ?? plan.connections,
    idleTimeoutMillis: plan.idleTimeoutMs,
    maxLifetimeSeconds: lifetimeSeconds,
    // What is idle beside a connection that went silent most likely went the same way.
    onConnect: async (client) => {
      await prepare(client, { ...plan, session }, () => idle.forEach(giveUp));
      news?.watch(client);
      // Those beside it are of the same primary, which may no longer be the one.
      const onRefused = () => {
        readOnly.add(client);
        idle.forEach(giveUp);
      };
      if (client instanceof pg.Client) onReadOnly(client, onRefused);
    },
  });
  pool.on('error', toldElsewhere);
  pool.on('acquire', (client) => idle.delete(client));
  pool.on('remove', (client) => idle.delete(client));
  pool.on('release', (_, client) => {
    news?.released(client);
    // Given back within a transaction, which the next statement must not become a part of.
    if (client.getTransactionStatus() !== 'I' || readOnly.has(client)) void client.end();
    else idle.add(client);
  });
  return pool;
}

/** Opens a pool and gives it to Prisma, whose `$disconnect` closes it. */
export function openAdapter(url: string, purpose: Purpose, options: ConnectionOptions = {}): PrismaPg {
  return adapterOf(openPool(url, purpose, options), { disposeExternalPool: true });
}

/** Gives a pool to Prisma. Unless told otherwise, the pool stays its owner's to close. */
export function adapterOf(pool: pg.Pool, { disposeExternalPool = false } = {}): PrismaPg {
  return new PrismaPg(pool, { disposeExternalPool });
}

/** Opens one connection; what waits on it fails when it breaks, and its `end` event tells. */
export async function openClient(
  url: string,
  purpose: Purpose,
  { timeoutMs = defaultDatabaseTimeoutMs }: Pick<ConnectionOptions, 'timeoutMs'> = {},
): Promise<pg.Client> {
  const plan = planOf(purpose, timeoutMs);
  const client = new pg.Client(clientConfig(url, plan));
  client.on('error', toldElsewhere);
  try {
    await client.connect();
    await prepare(client, plan, () => undefined);
    return client;
  } catch (error) {
    void client.end().catch(() => undefined);
    throw error;
  }
}

/** A connection without a listener for its errors would end the process. The statement under way rejects by itself. */
function toldElsewhere(): void {}

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
  client.on('error', toldElsewhere);
  endWhenSilent(client, plan.connectTimeoutMs);
  await settleSession(client, plan.session);
  endWhenSilent(client, plan.answerTimeoutMs, onSilence);
}
