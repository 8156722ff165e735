import { PrismaPg } from '@prisma/adapter-pg';
import { type Prisma, PrismaClient } from './generated/client.ts';

/** The database, through Prisma on a pool of connections. */
export type Database = PrismaClient;
/** What the function given to `db.$transaction` gets. */
export type Transaction = Prisma.TransactionClient;

/** Nothing of ours takes this long; a lock that is never released must not take a connection for ever. */
const timeouts = '-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=30s';

/** Opens the pool; connections are made when first needed. End with `$disconnect()`. */
export function connectDatabase(url: string, { maxConnections = 20 } = {}): Database {
  const adapter = new PrismaPg(
    {
      connectionString: url,
      max: maxConnections,
      options: timeouts,
      application_name: 'dramatis',
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
    },
    // A connection that breaks while idle is replaced; the query that breaks tells its caller.
    { onPoolError: () => undefined, onConnectionError: () => undefined },
  );
  return new PrismaClient({
    adapter,
    transactionOptions: { maxWait: 10_000, timeout: 20_000 },
    errorFormat: 'minimal',
  });
}
