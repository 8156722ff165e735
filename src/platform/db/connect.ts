import { defaultDatabaseTimeoutMs } from '../../settings/config.ts';
import { type ConnectionOptions, openAdapter } from './connections/open.ts';
import { type Prisma, PrismaClient } from './generated/client.ts';

/** The database, through Prisma on a pool of connections. */
export type Database = PrismaClient;
/** What the function given to `db.$transaction` gets. */
export type Transaction = Prisma.TransactionClient;

/** Opens the pool; connections are made when first needed. End with `$disconnect()`. */
export function connectDatabase(
  url: string,
  { purpose = 'requests', ...options }: ConnectionOptions & { purpose?: 'requests' | 'exports' } = {},
): Database {
  const { timeoutMs = defaultDatabaseTimeoutMs } = options;
  return new PrismaClient({
    adapter: openAdapter(url, purpose, options),
    // Shares, like all other times: of one statement and a little more.
    transactionOptions: { maxWait: Math.ceil((timeoutMs * 2) / 3), timeout: Math.ceil((timeoutMs * 4) / 3) },
    errorFormat: 'minimal',
  });
}
