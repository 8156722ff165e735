import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { makeFolder } from '../../durable-file.ts';
import { errorCode } from '../../errors.ts';
import { keptText, readKept } from '../../kept-file.ts';
import { prepareCluster, refuseHeldCluster, removeUnfinished, waitForFreeCluster } from './cluster.ts';
import { openClient } from './connections/open.ts';

/** A Postgres that this process has started, on loopback. */
export interface EmbeddedDatabase {
  readonly url: string;
  readonly port: number;
  /** Shuts Postgres down cleanly. */
  stop(): Promise<void>;
}

const keeperMessage = z.union([
  z.object({ ready: z.literal(true) }),
  z.object({ failed: z.string() }),
  z.object({ log: z.string() }),
]);

/** The keeper runs as plain JavaScript, also when this file is run from source. */
const keeperPath = fileURLToPath(
  new URL(
    import.meta.url.includes('/src/')
      ? '../../../dist/platform/db/postgres-keeper.js'
      : './postgres-keeper.js',
    import.meta.url,
  ),
);
const database = 'dramatis';
/** Postgres' code for a wrong password. */
const wrongPassword = '28P01';

/** Where the database of an embedded Postgres is. */
export function embeddedUrl(port: number, password: string, name = database): string {
  return `postgresql://postgres:${password}@127.0.0.1:${port}/${name}`;
}

/**
 * Starts Postgres on a folder, which is made at first use. The password is kept in a file beside the cluster. `flags`
 * are passed to `postgres`. Throws an Error of one line when another Postgres uses the folder.
 */
export async function startEmbeddedPostgres(options: {
  directory: string;
  port?: number;
  flags?: readonly string[];
  log: (line: string) => void;
  /** Gets lines that an operator should read; default: `log`. */
  warn?: (line: string) => void;
}): Promise<EmbeddedDatabase> {
  const { directory, flags = [], log, warn = log } = options;
  const cluster = join(directory, 'cluster');
  await makeFolder(directory, 0o700);
  await waitForFreeCluster(cluster);
  await removeUnfinished(cluster);
  const isNew = await prepareCluster(cluster, warn);
  const passwordPath = join(directory, 'password');
  const password = await clusterPassword(passwordPath, isNew);
  const port = options.port ?? (await freePort());
  const keeper = await spawnKeeper(directory, cluster);

  const ready = new Promise<void>((resolve, reject) => {
    const recent: string[] = [];
    keeper.on('message', (message) => {
      const parsed = keeperMessage.parse(message);
      if ('ready' in parsed) resolve();
      else if ('failed' in parsed)
        reject(new Error(`Postgres did not start: ${parsed.failed} ${recent.join(' ')}`.trim()));
      else {
        recent.push(parsed.log.trim());
        recent.splice(0, recent.length - 3);
        log(parsed.log.trim());
      }
    });
    keeper.on('error', reject);
    keeper.on('exit', () => reject(new Error(`Postgres did not start: ${recent.join(' ')}`)));
  });
  keeper.send({ directory: cluster, port, password, isNew, flags: [...flags] });
  await ready.catch(async (error: unknown) => {
    // When several servers start together on one folder, the first gets it, and the others fail in many ways.
    await refuseHeldCluster(cluster);
    throw error;
  });
  // The keeper must not keep this process alive. It ends itself when this process ends.
  keeper.unref();
  keeper.channel?.unref();

  const hasExited = () => keeper.exitCode !== null || keeper.signalCode !== null;
  const stop = async () => {
    if (!hasExited()) {
      const exited = new Promise((resolve) => keeper.once('exit', resolve));
      keeper.ref();
      if (keeper.connected) keeper.send({ stop: true });
      await exited;
    }
    // Postgres outlives a keeper that was killed. If another server uses the cluster by now, its Postgres is left
    // alone.
    await waitForFreeCluster(cluster).catch(() => undefined);
  };
  try {
    await removeUnfinished(cluster, 0);
    await createDatabase(embeddedUrl(port, password, 'postgres'));
  } catch (error) {
    await stop();
    if (errorCode(error) === wrongPassword)
      throw new Error(
        `${passwordPath} is not the password of the cluster beside it. Restore it from a backup.`,
      );
    throw error;
  }
  return { url: embeddedUrl(port, password), port, stop };
}

/**
 * A new cluster gets a new password, unless one was kept. An existing cluster can be opened only with its own password.
 */
async function clusterPassword(path: string, isNew: boolean): Promise<string> {
  const make = () => randomBytes(18).toString('hex');
  if (isNew) {
    await removeEmpty(path);
    return (await keptText(path, { make, loss: 'the new database gets a new password' })).text;
  }
  const kept = await readKept(path);
  if (kept !== null) return kept;
  throw new Error(`${path} is gone, and the cluster beside it needs it. Restore it from a backup.`);
}

/** Older builds left an empty password file when they were killed. No cluster needs it. */
async function removeEmpty(path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text?.trim() === '') await rm(path, { force: true });
}

async function createDatabase(url: string): Promise<void> {
  const client = await openClient(url, 'start');
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${database}`);
  } finally {
    await client.end();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/**
 * Postgres refuses to run as root. Its own user often cannot reach a folder of root, so the keeper runs as that user
 * with one capability: to ignore the permissions of folders.
 */
async function spawnKeeper(directory: string, cluster: string): Promise<ChildProcess> {
  const options = { detached: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] as ('ignore' | 'ipc')[] };
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find(existsSync);
  if (process.getuid?.() !== 0 || !setpriv) return spawn(process.execPath, [keeperPath], options);
  const { uid, gid } = postgresUser();
  await chown(directory, uid, gid);
  if (existsSync(cluster)) await chown(cluster, uid, gid);
  const identity = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  const capability = [
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
    '--securebits=+no_setuid_fixup',
  ];
  return spawn(setpriv, [...identity, ...capability, '--', process.execPath, keeperPath], options);
}

function postgresUser(): { uid: number; gid: number } {
  const ask = (flag: string) =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: ask('-u'), gid: ask('-g') };
  } catch {
    execFileSync('groupadd', ['--system', 'postgres']);
    execFileSync('useradd', ['--system', '--gid', 'postgres', '--no-create-home', 'postgres']);
    return { uid: ask('-u'), gid: ask('-g') };
  }
}
