import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type Cluster, initialize, startCluster } from './cluster.ts';
import { freezeCluster } from './freeze.ts';
import { startTcpProxy } from './tcp-proxy.ts';

/** A primary and a replica that follows it, and the one address at which clients find whichever is the primary. */
export interface ReplicatedPostgres {
  /** Of a database on the present primary, through the address that stays the same. */
  readonly url: string;
  /** Makes a replica of the present primary. Resolves when it has all that was committed by now. */
  follow(): Promise<void>;
  /** Resolves when the replica has all that was committed by now. */
  caughtUp(): Promise<void>;
  /** The connections that clients have to the primary go silent. New ones work. */
  silence(): void;
  /** Stops every process of the primary; returns what lets them go on. */
  freeze(): () => void;
  /** The replica hears nothing of the primary any more: it lags. */
  lag(): void;
  /** Kills the primary and promotes the replica, which takes over the address. What it has not heard of is lost. */
  failOver(): Promise<void>;
  stop(): Promise<void>;
}

const settings = { wal_level: 'replica', max_wal_senders: 4, wal_keep_size: '512MB' };

/** Starts the primary, with an empty database on it; `more` are settings of Postgres. */
export async function startReplicatedPostgres(more: object = {}): Promise<ReplicatedPostgres> {
  const root = await mkdtemp(join(tmpdir(), 'dramatis-replica-'));
  // Postgres runs as a user of its own, and its folders lie below.
  await chmod(root, 0o755);
  let folders = 0;
  const folder = () => join(root, `cluster-${folders++}`);
  const first = folder();
  await initialize(first);
  let primary = await startCluster(first, { ...settings, ...more });
  let replica: Cluster | null = null;
  const stream = await startTcpProxy(primary.port);
  const address = await startTcpProxy(primary.port);
  await ask(primary.url(), 'CREATE DATABASE dramatis');

  function standby(): Cluster {
    if (!replica) throw new Error('There is no replica.');
    return replica;
  }

  async function caughtUp(): Promise<void> {
    const { url } = standby();
    const [newest] = await ask(primary.url(), 'SELECT pg_current_wal_flush_lsn()::text AS lsn');
    for (let isThere = false; !isThere; ) {
      const [row] = await ask(url(), 'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS is_there', [
        newest?.lsn,
      ]);
      isThere = row?.is_there === true;
      if (!isThere) await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  return {
    url: primary.url('dramatis').replace(`:${primary.port}/`, `:${address.port}/`),
    async follow() {
      const directory = folder();
      stream.target = primary.port;
      await copyCluster(primary, directory);
      const source = new URL(primary.url());
      replica = await startCluster(directory, {
        ...settings,
        ...more,
        primary_conninfo: `host=127.0.0.1 port=${stream.port} user=${source.username} password=${source.password}`,
      });
      await caughtUp();
    },
    caughtUp,
    silence: () => address.silence(),
    freeze: () => freezeCluster(primary.directory),
    lag() {
      stream.target = null;
      stream.cut();
    },
    async failOver() {
      const next = standby();
      address.target = null;
      await primary.kill();
      address.cut();
      await ask(next.url(), 'SELECT pg_promote(true, 30)');
      primary = next;
      replica = null;
      address.target = primary.port;
    },
    async stop() {
      await Promise.all([stream.close(), address.close()]);
      await Promise.all([primary.stop(), replica?.stop()]);
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** The files of a cluster at work, and the label that lets another one begin where they were copied. */
async function copyCluster(source: Cluster, directory: string): Promise<void> {
  const client = new pg.Client({ connectionString: source.url() });
  await client.connect();
  try {
    await client.query("SELECT pg_backup_start('replica', true)");
    // A file that is removed in the meantime is no loss: the log has what became of it.
    execFileSync('sh', ['-c', 'cp -a "$0" "$1" 2>/dev/null || true', source.directory, directory]);
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    await rm(join(directory, 'postmaster.pid'), { force: true });
    await writeFile(join(directory, 'backup_label'), rows[0]?.labelfile ?? '', { mode: 0o644 });
    await writeFile(join(directory, 'standby.signal'), '', { mode: 0o644 });
    execFileSync('chown', ['--reference', join(directory, 'PG_VERSION'), ...labels(directory)]);
  } finally {
    await client.end();
  }
}

const labels = (directory: string) => ['backup_label', 'standby.signal'].map((name) => join(directory, name));

async function ask(url: string, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}
