import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { pick, seeded } from '../storm/chance.ts';
import { createTestDatabase, empty } from '../support/database.ts';
import { delay } from '../support/delay.ts';
import { adminKey, type Interruption, startServer } from '../support/starts.ts';
import { books, makeVersion01 } from '../support/version-0-1.ts';

const seed = Number(process.env.SEED ?? 1);
const chance = seeded(seed);
const rounds = { external: 50, embedded: 50, upgrade: 100 };
const runs = 4_000;

const ways: readonly Interruption[] = (['SIGINT', 'SIGTERM', 'SIGKILL'] as const).flatMap((signal) =>
  [false, true].map((isForGroup) => ({ signal, isForGroup })),
);

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'dramatis-interruptions-'));
});
afterAll(() => rm(parent, { recursive: true, force: true }));

/** How long a start takes that nothing interrupts. */
async function timeOf(environment: Record<string, string>): Promise<number> {
  const startedAt = performance.now();
  const start = startServer(environment);
  await start.listening;
  const tookMs = performance.now() - startedAt;
  start.interrupt({ signal: 'SIGTERM', isForGroup: false });
  expect(await start.exited).toBe(0);
  return tookMs;
}

/** Interrupts a start somewhere, once or twice; then the next one must work. */
async function interruptAndStart(environment: Record<string, string>, withinMs: number): Promise<string> {
  const told: string[] = [];
  do {
    const way = pick(chance, ways) ?? { signal: 'SIGKILL', isForGroup: true };
    const afterMs = Math.round(chance() * withinMs);
    const start = startServer(environment);
    await delay(afterMs);
    start.interrupt(way);
    const end = await start.exited;
    told.push(`${way.signal}${way.isForGroup ? ' to the group' : ''} after ${afterMs} ms`);
    // A signal that came before the first line ends the process by itself.
    expect([told.join(', '), end === 0 || end === way.signal, start.said()]).toEqual([
      told.join(', '),
      true,
      '',
    ]);
  } while (chance() < 0.2);
  const next = startServer(environment);
  const url = await next.listening.catch((error: Error) => {
    throw new Error(`seed ${seed}, after ${told.join(', ')}: ${error.message}`);
  });
  const key = environment.ADMIN_API_KEY === '' ? await keyOf(environment.DATA_DIR ?? '') : adminKey;
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ projects(first: 1) { totalCount } }' }),
  });
  expect(await answer.json()).toMatchObject({ data: { projects: { totalCount: expect.any(Number) } } });
  next.interrupt({ signal: 'SIGTERM', isForGroup: false });
  expect(await next.exited).toBe(0);
  return told.join(', ');
}

const keyOf = async (directory: string) => (await readFile(join(directory, 'admin-key'), 'utf8')).trim();

/** How many migrations a server applied. */
const applied = (log: readonly Record<string, unknown>[]) =>
  log.filter(({ msg }) => /^applied migration/.test(String(msg))).length;

it('five servers that start together on an empty database: one migrates, all work', async () => {
  const database = await createTestDatabase(empty);
  const environment = { DATABASE_URL: database.url, DATA_DIR: join(parent, 'five') };
  const servers = Array.from({ length: 5 }, () => startServer(environment));
  await Promise.all(servers.map(({ listening }) => listening));
  expect(servers.map(({ log }) => applied(log)).filter((count) => count > 0)).toHaveLength(1);
  for (const server of servers) server.interrupt({ signal: 'SIGTERM', isForGroup: false });
  expect(await Promise.all(servers.map(({ exited }) => exited))).toEqual([0, 0, 0, 0, 0]);
  await database.drop();
});

it('five servers that start together in one new folder: one has it, the others say so', async () => {
  const environment = { DATA_DIR: join(parent, 'five-embedded') };
  const servers = Array.from({ length: 5 }, () => startServer(environment));
  const winner = await Promise.any(servers.map((server) => server.listening.then(() => server)));
  const others = servers.filter((server) => server !== winner);
  expect(await Promise.all(others.map(({ exited }) => exited))).toEqual([1, 1, 1, 1]);
  for (const other of others)
    expect(other.said()).toMatch(/^Dramatis cannot start: another server uses this DATA_DIR: [^\n]*\n$/);
  winner.interrupt({ signal: 'SIGTERM', isForGroup: false });
  expect(await winner.exited).toBe(0);
});

it('a first start on an empty database', async () => {
  const fresh = async (name: string) => {
    const database = await createTestDatabase(empty);
    return {
      database,
      environment: { DATABASE_URL: database.url, DATA_DIR: join(parent, name), ROLE: 'all' },
    };
  };
  const measured = await fresh('external');
  const tookMs = await timeOf(measured.environment);
  await measured.database.drop();
  for (let round = 0; round < rounds.external; round += 1) {
    const { database, environment } = await fresh(`external-${round}`);
    await interruptAndStart(environment, tookMs * 1.1);
    const left = await database.query('SELECT 1 FROM _prisma_migrations WHERE finished_at IS NULL');
    expect(left).toEqual([]);
    await database.drop();
    await rm(environment.DATA_DIR, { recursive: true });
  }
});

it('a first start on an embedded database', async () => {
  const tookMs = await timeOf({ DATA_DIR: join(parent, 'embedded') });
  for (let round = 0; round < rounds.embedded; round += 1) {
    const directory = join(parent, `embedded-${round}`);
    await interruptAndStart({ DATA_DIR: directory, ADMIN_API_KEY: '' }, tookMs * 1.1);
    expect(await keyOf(directory)).toMatch(/^dramatis_admin_.{32}$/);
    expect(await readdir(join(directory, 'postgres'))).toEqual(['cluster', 'password']);
    await rm(directory, { recursive: true });
  }
});

it('an upgrade of version 0.1.0', async () => {
  const template = await createTestDatabase(empty);
  await makeVersion01(template.query, runs);
  const upgrade = async (name: string) => {
    const database = await createTestDatabase(template.name);
    // No worker: the books are to be those that the migrations wrote.
    return {
      database,
      environment: { DATABASE_URL: database.url, DATA_DIR: join(parent, name), ROLE: 'api' },
    };
  };
  const undisturbed = await upgrade('upgrade');
  const tookMs = await timeOf(undisturbed.environment);
  const expected = await books(undisturbed.database.query);
  await undisturbed.database.drop();
  for (let round = 0; round < rounds.upgrade; round += 1) {
    const { database, environment } = await upgrade(`upgrade-${round}`);
    const told = await interruptAndStart(environment, tookMs * 1.1);
    expect([told, await books(database.query)]).toEqual([told, expected]);
    await database.drop();
    await rm(environment.DATA_DIR, { recursive: true, force: true });
  }
  await template.drop();
});
