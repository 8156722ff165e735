import type pg from 'pg';
import { defaultDatabaseTimeoutMs } from '../../settings/config.ts';
import { adapterOf, type ConnectionOptions, openAdapter } from './connections/open.ts';
import { type Prisma, PrismaClient } from './generated/client.ts';

/** The database, through Prisma on a pool of connections. */
export type Database = PrismaClient;
/** The argument of the function that is given to `db.$transaction`. */
export type Transaction = Prisma.TransactionClient;

/** Opens the pool; its connections are made when first needed. `$disconnect()` closes the pool. */
export function connectDatabase(url: string, options: ConnectionOptions = {}): Database {
  return clientOf(openAdapter(url, 'requests', options), options);
}

/** The database on the connections of a pool, which its owner closes. */
export function databaseOn(pool: pg.Pool, options: Pick<ConnectionOptions, 'timeoutMs'> = {}): Database {
  return clientOf(adapterOf(pool), options);
}

function clientOf(
  adapter: ReturnType<typeof adapterOf>,
  { timeoutMs = defaultDatabaseTimeoutMs }: Pick<ConnectionOptions, 'timeoutMs'>,
): Database {
  return new PrismaClient({
    adapter,
    // Shares of the setting, like all other times: the whole transaction may take a little longer than one statement.
    transactionOptions: { maxWait: Math.ceil((timeoutMs * 2) / 3), timeout: Math.ceil((timeoutMs * 4) / 3) },
    errorFormat: 'minimal',
  });
}
