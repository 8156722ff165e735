import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readKept } from '../../kept-file.ts';
import { isWhole } from './cluster.ts';
import { openClient } from './connections/open.ts';
import { embeddedUrl, startEmbeddedPostgres } from './embedded-postgres.ts';

/** Access to an embedded database for a program that only reads it. */
export interface Visit {
  readonly url: string;
  /** Stops the database when it was started for this visit; otherwise does nothing. */
  end(): Promise<void>;
}

/**
 * The embedded database in a folder, for a program that only reads it. When no server runs the database, it is started.
 * Throws an Error of one line when the folder has no database.
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

/** The URL of the Postgres that runs on a cluster; null when none answers that accepts the cluster's password. */
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
