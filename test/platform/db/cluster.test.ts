import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { prepareCluster, refuseHeldCluster, waitForFreeCluster } from '../../../src/platform/db/cluster.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/starts.ts';

let directory: string;
let cluster: string;
let warnings: string[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dramatis-cluster-'));
  cluster = join(directory, 'postgres', 'cluster');
  warnings = [];
  await mkdir(cluster, { recursive: true });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const isNew = () => prepareCluster(cluster, (line) => void warnings.push(line));
const beside = () => readdir(dirname(cluster));
const make = async (...files: string[]) => {
  for (const file of files) {
    await mkdir(dirname(join(cluster, file)), { recursive: true });
    await writeFile(join(cluster, file), '18\n');
  }
};

it('a folder with nothing in it, and no folder, is a cluster to be made', async () => {
  expect(await isNew()).toBe(true);
  expect(await isNew()).toBe(true);
  expect([await beside(), warnings]).toEqual([[], []]);
});

it.each([
  ['whose making was interrupted early', ['PG_VERSION']],
  [
    'whose making was interrupted late, and that was started',
    ['PG_VERSION', 'base/1/a', 'base/5/a', 'postmaster.opts'],
  ],
])('what an older build has left, %s, is moved aside, once', async (_, files) => {
  await make(...files);
  expect(await isNew()).toBe(true);
  expect(warnings).toEqual([
    expect.stringMatching(/^the making of .*cluster was interrupted: it is made again, /),
  ]);
  const [aside = ''] = await beside();
  expect(await readFile(join(dirname(cluster), aside, 'PG_VERSION'), 'utf8')).toBe('18\n');
  expect(await isNew()).toBe(true);
  expect([await beside(), warnings.length]).toEqual([[aside], 1]);
});

it.each([
  ['of an older build, with a database', ['PG_VERSION', 'base/1/a', 'base/16384/a']],
  ['that is whole, and has no database yet', ['PG_VERSION', 'base/1/a', 'made-whole']],
])('a cluster %s is kept', async (_, files) => {
  await make(...files);
  expect(await isNew()).toBe(false);
  expect([await beside(), warnings]).toEqual([['cluster'], []]);
});

it('a Postgres that shuts down is waited for', async () => {
  const order: string[] = [];
  // Only its name tells that it is one.
  const postgres = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1_000)', 'postgres']);
  await make('postmaster.pid');
  const lines = [postgres.pid, cluster, 1, 5432, '', '127.0.0.1', '', 'stopping'];
  await writeFile(join(cluster, 'postmaster.pid'), `${lines.join('\n')}\n`);
  await expect(refuseHeldCluster(cluster)).rejects.toThrow(/^another server uses this DATA_DIR: /);
  const waited = waitForFreeCluster(cluster).then(() => order.push('free'));
  await readdir(cluster);
  order.push('killed');
  postgres.kill('SIGKILL');
  await waited;
  expect(order).toEqual(['killed', 'free']);
});

it('a first start that is killed while the cluster is made leaves nothing that hinders the next', async () => {
  const environment = { DATA_DIR: directory, ROLE: 'worker', SEGMIND_API_KEY: 'SG_0123456789abcdef' };
  await writeFile(join(directory, 'postgres', 'password'), '');
  const isMaking = async () => (await beside()).some((name) => name.startsWith('cluster.unfinished-'));
  const first = startServer(environment);
  await eventually('the cluster to be made', isMaking);
  first.interrupt({ signal: 'SIGKILL', isForGroup: true });
  await first.exited;
  const second = startServer(environment);
  await eventually('Postgres to run', () =>
    readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => ''),
  );
  // Asked to stop before all is started, it stops what is.
  second.interrupt({ signal: 'SIGTERM', isForGroup: true });
  expect([await second.exited, second.said()]).toEqual([0, '']);
  expect((await beside()).sort()).toEqual(['cluster', 'password']);
  await expect(readFile(join(cluster, 'postmaster.pid'))).rejects.toThrow(/ENOENT/);
  const third = startServer(environment);
  await third.listening;
  third.interrupt({ signal: 'SIGTERM', isForGroup: true });
  expect(await third.exited).toBe(0);
});
