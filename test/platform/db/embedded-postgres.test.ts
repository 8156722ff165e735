import { readFileSync } from 'node:fs';
import { appendFile, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { adminKey, Dramatis, eventually } from '../../support/dramatis.ts';
import { startServerProcess } from '../../support/server-process.ts';

let parent: string;
let dramatis: Dramatis;
let environment: Record<string, string>;
beforeAll(async () => {
  // A folder that only its owner may enter, as a home often is: Postgres runs as a user of its own below root.
  parent = await mkdtemp(join(tmpdir(), 'dramatis-private-'));
  await chmod(parent, 0o700);
  const dataDirectory = join(parent, 'data');
  await mkdir(dataDirectory);
  dramatis = await Dramatis.start({ servers: 0 });
  environment = { DATABASE_URL: '', DATA_DIR: dataDirectory, TZ: 'America/New_York' };
});
afterAll(async () => {
  await dramatis.stop();
  await rm(parent, { recursive: true, force: true });
});

const pidFile = () => join(environment.DATA_DIR ?? '', 'postgres/cluster/postmaster.pid');
const names = async (url: string) => {
  const { projects } = await dramatis.get('{ projects(first: 10) { nodes { name } } }', {}, { url });
  return projects.nodes.map(({ name }) => name);
};
const create = (url: string, name: string) =>
  dramatis.get(
    'mutation ($name: String!) { createProject(input: { name: $name }) { project { id } } }',
    { name },
    { url },
  );

it('a server that is killed takes its Postgres with it; the next finds the data', async () => {
  const first = await startServerProcess(dramatis, environment);
  await create(first.url, 'before the kill');
  first.signal('SIGKILL');
  await first.exited;
  // Its Postgres notices and shuts down meanwhile; the next start waits for that.
  const second = await startServerProcess(dramatis, environment);
  expect(await names(second.url)).toEqual(['before the kill']);

  // While it runs, its folder is taken.
  await expect(startServerProcess(dramatis, environment)).rejects.toThrow(
    /ended with 1: Dramatis cannot start: another server uses this DATA_DIR: its Postgres \(process \d+\)[^\n]*\n$/,
  );
  expect(await names(second.url)).toEqual(['before the kill']);
  second.signal('SIGTERM');
  expect(await second.exited).toBe(0);
});

/** One that has ended may wait to be collected; then it has no command any more. */
const exists = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
};
/** The process ids of Postgres and of its keeper. */
async function parts() {
  const postgres = Number((await readFile(pidFile(), 'utf8')).split('\n')[0]);
  const status = await readFile(`/proc/${postgres}/status`, 'utf8');
  return { postgres, keeper: Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1]) };
}

it.each(['keeper', 'postgres'] as const)(
  'a server whose %s was killed stops all the same',
  async (part) => {
    const server = await startServerProcess(dramatis, environment);
    const pids = await parts();
    process.kill(pids[part], 'SIGKILL');
    await eventually('its end', () => !exists(pids[part]));
    server.signal('SIGTERM');
    expect(await server.exited).not.toBeNull();
    expect([exists(pids.keeper), exists(pids.postgres)]).toEqual([false, false]);
  },
  30_000,
);

it('a Postgres that has lost its server and its keeper is ended by the next start', async () => {
  const first = await startServerProcess(dramatis, environment);
  const { keeper, postgres } = await parts();
  process.kill(keeper, 'SIGKILL');
  first.signal('SIGKILL');
  await first.exited;
  expect(exists(postgres)).toBe(true);
  const second = await startServerProcess(dramatis, environment);
  expect(exists(postgres)).toBe(false);
  expect(await names(second.url)).toEqual(['before the kill']);
  second.signal('SIGTERM');
  expect(await second.exited).toBe(0);
}, 30_000);

it.each([
  ['empty', '', 'password is empty\\. Restore it'],
  ['cut short', 'abc\n', 'password is not the password of the cluster beside it\\. Restore it'],
  ['gone', null, 'password is gone, and the cluster beside it needs it\\. Restore it'],
])('a password that is %s is asked for, not replaced', async (_, content, problem) => {
  const path = join(environment.DATA_DIR ?? '', 'postgres/password');
  const password = await readFile(path);
  if (content === null) await rm(path);
  else await writeFile(path, content);
  await expect(startServerProcess(dramatis, environment)).rejects.toThrow(
    new RegExp(`Dramatis cannot start: .*${problem} from a backup\\.\n$`),
  );
  await writeFile(path, password);
});

it('the pid file of a Postgres that has ended does not prevent a start', async () => {
  await writeFile(pidFile(), `4194300\n${environment.DATA_DIR}/postgres/cluster\n1\n5432\n`);
  const server = await startServerProcess(dramatis, environment);
  expect(await names(server.url)).toEqual(['before the kill']);
  server.signal('SIGINT');
  expect(await server.exited).toBe(0);
});

it('a pid file with the number of another process does not prevent a start either', async () => {
  await writeFile(pidFile(), `${process.pid}\n${environment.DATA_DIR}/postgres/cluster\n1\n5432\n`);
  const server = await startServerProcess(dramatis, environment);
  expect(await names(server.url)).toEqual(['before the kill']);
  server.signal('SIGTERM');
  expect(await server.exited).toBe(0);
});

it('a cluster is made in UTC though the machine is not; one that was made in another zone runs in it', async () => {
  const directory = join(environment.DATA_DIR ?? '', 'postgres');
  const settings = join(directory, 'cluster/postgresql.conf');
  expect(await readFile(settings, 'utf8')).toMatch(/^timezone = '?UTC'?\s/im);
  await appendFile(settings, "\ntimezone = 'America/New_York'\n");
  const server = await startServerProcess(dramatis, environment);
  const port = (await readFile(pidFile(), 'utf8')).split('\n')[3];
  const password = (await readFile(join(directory, 'password'), 'utf8')).trim();
  // Not by way of ours: what any tool would find.
  const client = new pg.Client(`postgresql://postgres:${password}@127.0.0.1:${port}/dramatis`);
  await client.connect();
  expect((await client.query('SHOW TimeZone')).rows).toEqual([{ TimeZone: 'UTC' }]);
  await create(server.url, 'today');
  const { rows } = await client.query(
    'SELECT abs(extract(epoch FROM created_at) - $1) < 60 AS "isNow" FROM projects WHERE name = \'today\'',
    [Date.now() / 1_000],
  );
  expect(rows).toEqual([{ isNow: true }]);
  await client.end();
  server.signal('SIGTERM');
  expect(await server.exited).toBe(0);
});

it('the admin key is made once, kept for its owner alone, and stays the same', async () => {
  const dataDirectory = join(parent, 'other');
  const fresh = { DATABASE_URL: dramatis.database.url, DATA_DIR: dataDirectory, ADMIN_API_KEY: '' };
  const first = await startServerProcess(dramatis, fresh);
  const key = (await readFile(join(dataDirectory, 'admin-key'), 'utf8')).trim();
  const ask = (url: string, key: string) => dramatis.ask('{ imageModels { slug } }', {}, { url, key });
  expect((await ask(first.url, key)).status).toBe(200);
  expect((await ask(first.url, adminKey)).status).toBe(401);
  const second = await startServerProcess(dramatis, fresh);
  expect((await ask(second.url, key)).status).toBe(200);
});
