import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nullIfMissing } from '../../durable-file.ts';
import { errorCode } from '../../errors.ts';

/*
 * The folder of the embedded Postgres. It is made under another name and gets its own name when it is complete, so a
 * start that is killed half-way leaves nothing that a later start could take for a cluster.
 */

/** The file that is written into a cluster when it is complete, before it gets its name. */
export const wholeMark = 'made-whole';
/** The beginning of a cluster's name while it is made. */
export const unfinishedName = 'cluster.unfinished-';

/** The option by which a Postgres is recognised as started by a keeper: no other program starts Postgres with it. */
export const ownMark = 'unix_socket_directories=';
/** The name of the keeper's program. */
const keeperName = 'postgres-keeper';

/** The longest wait until the Postgres of a killed server begins to shut down. */
const noticeMs = 5_000;
/** The longest wait until its shutdown is done. */
const shutdownMs = 60_000;
/** Making a cluster never takes that long. */
const unfinishedAgeMs = 60_000;
/** Postgres gives lower numbers to the databases that come with a cluster. */
const firstOwnDatabase = 16_384;

/**
 * Waits while the Postgres of a server that is gone shuts down. A Postgres that has lost its keeper gets the signal to
 * shut down. Throws an Error of one line when the Postgres of another server runs.
 */
export async function waitForFreeCluster(cluster: string): Promise<void> {
  const startedAt = performance.now();
  let signalled: number | undefined;
  for (;;) {
    const holder = await findHolder(cluster);
    if (!holder) return;
    if (holder.isOrphan && signalled !== holder.pid) {
      signalled = holder.pid;
      shutDown(holder.pid);
    }
    const waitedMs = performance.now() - startedAt;
    if (waitedMs > (holder.isStopping ? shutdownMs : noticeMs)) await refuseHeldCluster(cluster);
    await sleep(50);
  }
}

/** Throws an Error of one line when the Postgres of another server runs on a cluster. */
export async function refuseHeldCluster(cluster: string): Promise<void> {
  const holder = await findHolder(cluster);
  if (!holder) return;
  throw new Error(
    `another server uses this DATA_DIR: its Postgres (process ${holder.pid}) listens on port ${holder.port}.`,
  );
}

/** The Postgres that runs on a cluster; null when there is none. A process id left by a crash does not count. */
async function findHolder(cluster: string) {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const [pid = '', , , port = '', , , , status = ''] = text.split('\n');
  if (!/^\d+$/.test(pid) || !existsSync(`/proc/${pid}`)) return null;
  const command = await commandOf(pid);
  if (!command.includes('postgres')) return null;
  const isOrphan = command.includes(ownMark) && !(await commandOf(await parentOf(pid))).includes(keeperName);
  return { pid: Number(pid), port, isStopping: status.trim() === 'stopping', isOrphan };
}

async function commandOf(pid: string): Promise<string> {
  return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
}

async function parentOf(pid: string): Promise<string> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return /^PPid:\s*(\d+)$/m.exec(status)?.[1] ?? '';
}

/** Sends the signal that a keeper sends: transactions are rolled back, connections end. */
function shutDown(pid: number): void {
  try {
    process.kill(pid, 'SIGINT');
  } catch {
    // The process has ended, or it belongs to another user. In the second case the cluster stays held.
  }
}

/** Whether there is a complete cluster. */
export async function isWhole(cluster: string): Promise<boolean> {
  const entries = (await nullIfMissing(readdir(cluster))) ?? [];
  if (entries.includes(wholeMark)) return true;
  // A cluster that an older build made has no mark.
  const databases = (await nullIfMissing(readdir(join(cluster, 'base')))) ?? [];
  return databases.some((name) => Number(name) >= firstOwnDatabase);
}

/**
 * Whether a cluster has to be made. A cluster that an older build left half made is moved aside and not deleted,
 * because an operator may want to look at it.
 */
export async function prepareCluster(cluster: string, warn: (line: string) => void): Promise<boolean> {
  if (await isWhole(cluster)) return false;
  const entries = (await nullIfMissing(readdir(cluster))) ?? [];
  if (entries.length === 0) {
    try {
      await rmdir(cluster);
    } catch (error) {
      // Another start has just put its cluster there.
      if (errorCode(error) === 'ENOTEMPTY') return prepareCluster(cluster, warn);
      if (errorCode(error) !== 'ENOENT') throw error;
    }
    return true;
  }
  const aside = `${cluster}.half-made-${new Date().toISOString().replace(/\D/g, '')}`;
  await rename(cluster, aside);
  warn(`the making of ${cluster} was interrupted: it is made again, and its old content is now ${aside}`);
  return true;
}

/** Removes what killed starts have left. Once a Postgres runs on the cluster, all of it can go (`minAgeMs` 0). */
export async function removeUnfinished(cluster: string, minAgeMs = unfinishedAgeMs): Promise<void> {
  const directory = dirname(cluster);
  for (const name of await readdir(directory)) {
    if (!name.startsWith(unfinishedName)) continue;
    const path = join(directory, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    // A process of a killed start may still write into it.
    if (Date.now() - mtimeMs >= minAgeMs)
      await rm(path, { recursive: true, force: true, maxRetries: 10 }).catch(() => undefined);
  }
}
