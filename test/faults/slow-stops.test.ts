import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import sharp from 'sharp';
import { type Cluster, initialize, startCluster } from '../support/cluster.ts';
import { delay } from '../support/delay.ts';
import { adminKey, Dramatis, eventually } from '../support/dramatis.ts';
import { freezeCluster } from '../support/freeze.ts';
import { startServerProcess } from '../support/server-process.ts';
import { type Start, startServer } from '../support/starts.ts';

/** More bytes than the sockets between server and client take. */
async function largePicture(): Promise<Buffer<ArrayBuffer>> {
  const size = 2_500;
  const raw = { width: size, height: size, channels: 3 } as const;
  return Buffer.from(
    await sharp(randomBytes(size * size * 3), { raw })
      .png()
      .toBuffer(),
  );
}

it('clients that do not read or send hold up neither the hand-over nor, after the grace, the end', async () => {
  const dramatis = await Dramatis.start({ simulator: { speed: 1 }, environment: { ROLE: 'api' } });
  try {
    const { projectId, characterId } = await dramatis.cast();
    const graceMs = 3_000;
    const server = await startServerProcess(dramatis, { ROLE: 'all', SHUTDOWN_GRACE_MS: String(graceMs) });
    const address = `/images?projectId=${projectId}`;
    const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'image/png' };
    const body = await largePicture();
    const uploaded = await fetch(`${server.url}${address}`, { method: 'POST', headers, body });
    const { url } = (await uploaded.json()) as { url: string };
    await dramatis.generate(characterId, '[[simulate:slow=60]]');
    const jobState = async () =>
      (await dramatis.database.query('SELECT state::text AS state FROM pgboss.job'))[0]?.state;
    await eventually('the run to be under way', async () => {
      const rows = await dramatis.database.query(
        "SELECT 1 FROM generations WHERE status IN ('SUBMITTED', 'PROCESSING')",
      );
      return rows.length === 1 && (await jobState()) === 'active';
    });

    const { hostname, port } = new URL(server.url);
    const open = () => connect(Number(port), hostname).on('error', () => undefined);
    const reader = open();
    reader.write(`GET ${new URL(url).pathname}${new URL(url).search} HTTP/1.1\r\nhost: x\r\n\r\n`);
    await new Promise((resolve) => reader.once('data', resolve));
    reader.pause();
    const sender = open();
    const lines = Object.entries({ ...headers, host: 'x', 'content-length': 1_000_000 });
    sender.write(`POST ${address} HTTP/1.1\r\n${lines.map((line) => line.join(': ')).join('\r\n')}\r\n\r\nx`);
    // Both are served for a while.
    await delay(300);

    const askedAt = performance.now();
    server.signal('SIGTERM');
    await eventually('the run to be handed over', async () => (await jobState()) === 'retry', 2_000);
    expect(await server.exited).toBe(0);
    expect(performance.now() - askedAt).toBeGreaterThan(graceMs - 500);
    expect(performance.now() - askedAt).toBeLessThan(graceMs + 3_000);
    for (const socket of [reader, sender]) socket.destroy();
  } finally {
    await dramatis.stop();
  }
}, 120_000);

async function frozenInMigration<Result>(work: (start: Start) => Promise<Result>): Promise<Result> {
  const parent = await mkdtemp(join(tmpdir(), 'dramatis-frozen-'));
  await chmod(parent, 0o755);
  const directory = join(parent, 'cluster');
  let cluster: Cluster | undefined;
  try {
    await initialize(directory);
    cluster = await startCluster(directory, {});
    const start = startServer({
      DATABASE_URL: cluster.url(),
      DATA_DIR: join(parent, 'data'),
      SHUTDOWN_GRACE_MS: '500',
    });
    await eventually('it to migrate', () => start.log.some(({ msg }) => msg === 'migrating the database'));
    freezeCluster(directory);
    return await work(start);
  } finally {
    await cluster?.kill();
    await rm(parent, { recursive: true, force: true });
  }
}

it('a start on a database that stands still ends by a second signal at once, and by one after the grace', async () => {
  await frozenInMigration(async (start) => {
    start.interrupt({ signal: 'SIGINT', isForGroup: false });
    // What comes within a second is the same wish.
    await delay(1_200);
    const askedAt = performance.now();
    start.interrupt({ signal: 'SIGINT', isForGroup: false });
    expect(await start.exited).toBe(1);
    // By itself it would go on for longer than the ten seconds that a database is waited for.
    expect(performance.now() - askedAt).toBeLessThan(6_000);
  });
  await frozenInMigration(async (start) => {
    const askedAt = performance.now();
    start.interrupt({ signal: 'SIGTERM', isForGroup: false });
    // By itself, where it notices that it is broken off, or else when it has waited long enough.
    expect([0, 1]).toContain(await start.exited);
    expect(performance.now() - askedAt).toBeLessThan(13_000);
  });
}, 60_000);
