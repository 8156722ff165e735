import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readKept } from '../../kept-file.ts';
import { isWhole } from './cluster.ts';
import { openClient } from './connections/open.ts';
import { embeddedUrl, startEmbeddedPostgres } from './embedded-postgres.ts';

/** An embedded database that is looked at. */
export interface Visit {
  readonly url: string;
  /** Leaves it as it was found: stops it where it was started for this. */
  end(): Promise<void>;
}

/**
 * The embedded database in a folder, for a program that only looks at it: the one that a server runs, else it is started.
 * Throws an Error of one line where there is none.
 */
export async function visitEmbeddedPostgres(directory: string): Promise<Visit> {
  const cluster = join(directory, 'cluster');
  const password = await readKept(join(directory, 'password'));
  if (password === null || !(await isWhole(cluster)))
    throw new Error(`there is no database in ${directory}; set DATA_DIR, or DATABASE_URL`);
  const url = await runningUrl(cluster, password);
  if (url !== null) return { url, end: async () => undefined };
  const postgres = await startEmbeddedPostgres({ directory, log: () => undefined });
  return { url: postgres.url, end: postgres.stop };
}

/** Null when no Postgres answers that takes this cluster's password. */
async function runningUrl(cluster: string, password: string): Promise<string | null> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const port = Number(text.split('\n')[3]);
  if (!Number.isInteger(port) || port <= 0) return null;
  const url = embeddedUrl(port, password);
  try {
    await (await openClient(url, 'verify')).end();
    return url;
  } catch {
    return null;
  }
}
