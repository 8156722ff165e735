import type { Database } from './connect.ts';
import { type ConnectionOptions, openClient } from './connections/open.ts';
import { DatabaseReadOnly, SessionRefused } from './connections/session.ts';

/**
 * Why the database cannot be worked with now, in a few words; null when it can. It is asked over a new connection, which a
 * full or read-only one refuses, and over one of the pool, since those may be dead although new ones can be made.
 */
export async function findDatabaseProblem(
  url: string,
  db: Pick<Database, '$queryRaw'>,
  options: Pick<ConnectionOptions, 'timeoutMs'>,
): Promise<string | null> {
  try {
    const client = await openClient(url, 'health', options);
    void client.end().catch(() => undefined);
    await db.$queryRaw`SELECT 1`;
    return null;
  } catch (error) {
    if (error instanceof DatabaseReadOnly) return 'is read-only';
    if (error instanceof SessionRefused) return 'refuses the settings of a session';
    return 'does not answer';
  }
}
