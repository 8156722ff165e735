import type { Database } from './connect.ts';
import { type ConnectionOptions, openClient } from './connections/open.ts';
import { isReadOnly, provesWritable } from './connections/read-only.ts';
import { SessionRefused } from './connections/session.ts';

/*
 * After a failover the old primary may keep its sessions and refuse their writes, while new sessions reach the new
 * primary. So the checks use a statement that only a writable session answers. A session that was refused a write is
 * closed when it is given back, together with the idle sessions of its pool.
 */

/**
 * The reason why the database cannot be used now; null when it can. The check opens a new connection, which a full
 * or a read-only database refuses. It also uses one connection of each pool: those may be dead, or on a primary that
 * has become read-only, although new connections can be made. A pool closes a connection that proves read-only.
 */
export async function findDatabaseProblem(
  url: string,
  {
    db,
    reader,
  }: {
    db: Pick<Database, '$queryRawUnsafe'>;
    reader: { read(statement: { text: string; values: [] }): Promise<unknown> };
  },
  options: Pick<ConnectionOptions, 'timeoutMs'>,
): Promise<string | null> {
  try {
    const client = await openClient(url, 'health', options);
    void client.end().catch(() => undefined);
    await Promise.all([
      db.$queryRawUnsafe(provesWritable),
      reader.read({ text: provesWritable, values: [] }),
    ]);
    return null;
  } catch (error) {
    if (isReadOnly(error)) return 'is read-only';
    if (error instanceof SessionRefused) return 'refuses the settings of a session';
    return 'does not answer';
  }
}
