import type { Database } from './connect.ts';
import { type ConnectionOptions, openClient } from './connections/open.ts';
import { isReadOnly, provesWritable } from './connections/read-only.ts';
import { SessionRefused } from './connections/session.ts';

/*
 * A primary that another has replaced may keep its sessions and refuse their writes, while new sessions reach the
 * other. So the checks ask what only a session that may write answers, and a session that was refused a write is
 * closed when it is given back, with the idle ones beside it.
 */

/**
 * Why the database cannot be worked with now, in a few words; null when it can. It is asked over a new connection, which a
 * full or read-only one refuses, and over one of each pool, since those may be dead, or of a primary that has become
 * read-only, although new ones can be made. What a look finds read-only is closed by its pool.
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
