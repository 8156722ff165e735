import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { booksSql } from '../../src/features/reconciliation/books.ts';
import { type EmbeddedDatabase, startEmbeddedPostgres } from '../../src/platform/db/embedded-postgres.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { note, notesFolder } from '../support/noted.ts';
import { mutate } from '../support/people.ts';
import { startServerProcess } from '../support/server-process.ts';

/*
 * A database that was restored from an older copy: what was paid after the copy was made must not be submitted again.
 */
const admin = { key: 'test_admin_key_0123456789' };
let directory: string;
let postgres: EmbeddedDatabase;
let dramatis: Dramatis;
let characterId: string;
let projectId: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dramatis-restored-'));
  postgres = await startEmbeddedPostgres({ directory: join(directory, 'now'), log: () => undefined });
  const environment = {
    DATABASE_URL: postgres.url,
    SEGMIND_SUBMIT_TIMEOUT_MS: '500',
    RECONCILE_AFTER_MS: '200',
  };
  dramatis = await Dramatis.start({ servers: 0, environment });
  dramatis.environment.SEGMIND_GENERATIONS_URL = `${dramatis.simulator.url}/inference-request/request-history`;
});
afterEach(async () => {
  await dramatis.stop();
  await postgres.stop();
  await rm(directory, { recursive: true, force: true });
});

async function server(environment: Record<string, string> = {}) {
  const running = await dramatis.startServer({ DATABASE_URL: postgres.url, ...environment });
  dramatis.url = running.url ?? '';
  return running;
}

async function query(text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const submits = () =>
  dramatis.simulator.requests.filter(({ method, path }) => method === 'POST' && /^\/v[12]\//.test(path))
    .length;
const statuses = async () =>
  Object.fromEntries(
    (await query('SELECT prompt, status FROM generations ORDER BY prompt')).map(({ prompt, status }) => [
      prompt,
      status,
    ]),
  );
const limits = (input: object) =>
  mutate(dramatis, admin, 'updateProjectLimits', { id: projectId, ...input }, 'project { id }');

/** Runs that wait: one for a slot, one for an owner; and one that is with the provider. */
async function unfinished() {
  ({ characterId, projectId } = await dramatis.cast());
  const first = await dramatis.generate(characterId, 'first');
  await dramatis.settle(first);
  await dramatis.generate(characterId, 'polled [[simulate:slow=40]]');
  await eventually(
    'one to be polled',
    async () => (await statuses())['polled [[simulate:slow=40]]'] === 'PROCESSING',
  );
  await limits({ maxConcurrentGenerations: 0 });
  await dramatis.generate(characterId, 'queued');
  await limits({ approvalPerRun: '0' });
  const waiting = await dramatis.generate(characterId, 'waiting');
  return { waiting };
}

/** What happens after the copy was made: everything is submitted, and paid. */
async function finish(waiting: string) {
  await limits({ maxConcurrentGenerations: 20 });
  await mutate(dramatis, admin, 'approveGeneration', { id: waiting }, 'generation { id }');
  await eventually('all to be complete', async () =>
    Object.values(await statuses()).every((each) => each === 'COMPLETED'),
  );
}

/** Stops Postgres, and puts a copy of its folder in another's place. */
async function copyCluster(from: string, to: string) {
  await postgres.stop();
  await rm(join(directory, to), { recursive: true, force: true });
  execFileSync('cp', ['-a', join(directory, from), join(directory, to)]);
  postgres = await startEmbeddedPostgres({ directory: join(directory, 'now'), log: () => undefined });
}

const expected = {
  first: 'COMPLETED',
  queued: 'UNCERTAIN',
  waiting: 'UNCERTAIN',
};

async function expectReview() {
  expect(await statuses()).toMatchObject(expected);
  const [failure] = await query(
    "SELECT failure_code, failure_message, hold_micros > 0 AS held FROM generations WHERE prompt = 'queued'",
  );
  expect(failure).toMatchObject({ failure_code: 'SUBMISSION_UNCERTAIN', held: true });
  expect(failure?.failure_message).toContain('restored');
  expect(await query(booksSql)).toEqual([]);
}

describe('an older copy of the folder', () => {
  it('is known by what was submitted since: nothing is submitted again, and what was paid is found', async () => {
    const before = await server();
    const { waiting } = await unfinished();
    await before.stop();
    await copyCluster('now', 'backup');
    const after = await server();
    await finish(waiting);
    await after.stop();
    const paid = submits();
    expect(paid).toBe(4);
    await copyCluster('backup', 'now');

    dramatis.simulator.hasHistory = false;
    const restored = await startServerProcess(dramatis, { DATABASE_URL: postgres.url });
    dramatis.url = restored.url;
    expect(restored.log.filter(({ msg }) => String(msg).includes('not as it was left'))).toMatchObject([
      { level: 'warn', count: 2, reason: 'it is older than what was submitted' },
    ]);
    // Reading is harmless: what was with the provider is collected.
    await eventually(
      'the polled one',
      async () => (await statuses())['polled [[simulate:slow=40]]'] === 'COMPLETED',
    );
    await expectReview();
    dramatis.simulator.hasHistory = true;
    await eventually('the pictures to be found', async () => {
      await dramatis.get('mutation { reconcile(input: {}) { userErrors { code } } }');
      return Object.values(await statuses()).every((each) => each === 'COMPLETED');
    });
    expect(submits()).toBe(paid);
    expect(dramatis.simulator.bill).toHaveLength(4);
    expect(await query(booksSql)).toEqual([]);

    // Once: the next start has nothing to review, though nothing was submitted since.
    await limits({ maxConcurrentGenerations: 0, approvalPerRun: null });
    await dramatis.generate(characterId, 'later');
    restored.signal('SIGTERM');
    await restored.exited;
    await server();
    await limits({ maxConcurrentGenerations: 20 });
    await eventually('the later one', async () => (await statuses()).later === 'COMPLETED');
    expect(submits()).toBe(5);
  });
});

it('a review that found nothing to do is made once as well', async () => {
  const before = await server();
  ({ characterId, projectId } = await dramatis.cast());
  await dramatis.settle(await dramatis.generate(characterId, 'first'));
  await before.stop();
  note(await notesFolder(dramatis.environment.DATA_DIR, query));
  const reviewed = await server();
  await limits({ maxConcurrentGenerations: 0 });
  await dramatis.generate(characterId, 'queued');
  await reviewed.stop();
  await server();
  expect(await statuses()).toEqual({ first: 'COMPLETED', queued: 'QUEUED' });
});

describe('another database with the same content', () => {
  it('is a copy, also where nothing was submitted since', async () => {
    const before = await server();
    await unfinished();
    await before.stop();
    const paid = submits();
    const admins = new pg.Client({ connectionString: postgres.url.replace(/\/dramatis$/, '/postgres') });
    await admins.connect();
    await admins.query('CREATE DATABASE copy TEMPLATE dramatis');
    await admins.end();
    const original = postgres.url;
    postgres = { ...postgres, url: original.replace(/\/dramatis$/, '/copy') };
    const copy = await server();
    await expectReview();
    await limits({ maxConcurrentGenerations: 20, approvalPerRun: null });
    expect(submits()).toBe(paid);
    await dramatis.settle(await dramatis.generate(characterId, 'in the copy'));
    await copy.stop();
    // The original is not concerned, nor by what was submitted from the copy.
    postgres = { ...postgres, url: original };
    await server();
    expect(await statuses()).toMatchObject({ queued: 'QUEUED', waiting: 'AWAITING_APPROVAL' });
  });
});

describe('no copy', () => {
  const untouched = { first: 'COMPLETED', queued: 'QUEUED', waiting: 'AWAITING_APPROVAL' };

  it('is the first start of this version on an older installation', async () => {
    const before = await server();
    await unfinished();
    await before.stop();
    await query("DELETE FROM settings WHERE name IN ('database-identity', 'database')");
    await query('TRUNCATE submit_intents');
    await rm(join(dramatis.environment.DATA_DIR ?? '', 'intents'), { recursive: true });
    await server();
    expect(await statuses()).toMatchObject(untouched);
  });

  it('is an ordinary restart, nor one after a server and its Postgres were killed', async () => {
    const before = await server();
    await unfinished();
    await before.stop();
    const again = await server();
    expect(await statuses()).toMatchObject(untouched);
    await again.stop();
    const killed = await startServerProcess(dramatis, { DATABASE_URL: postgres.url });
    dramatis.url = killed.url;
    const client = new pg.Client({ connectionString: postgres.url });
    client.on('error', () => undefined);
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    // The last submit is as young as can be.
    await limits({ maxConcurrentGenerations: 1, approvalPerRun: null });
    await eventually('a submit', () => submits() === 3);
    process.kill(rows[0]?.pid ?? 0, 'SIGKILL');
    killed.signal('SIGKILL');
    await killed.exited;
    await client.end().catch(() => undefined);
    await eventually('Postgres to be back', () => query('SELECT 1').catch(() => null));
    await server();
    expect(await statuses()).toMatchObject({ waiting: 'AWAITING_APPROVAL' });
    expect(await query("SELECT 1 FROM generations WHERE failure_message LIKE '%restored%'")).toEqual([]);
  });

  it('is a start after the project with the newest run was deleted', async () => {
    const before = await server();
    await unfinished();
    const other = await dramatis.cast();
    await dramatis.settle(await dramatis.generate(other.characterId, 'newest'));
    await mutate(dramatis, admin, 'deleteProject', { id: other.projectId, name: 'Tests' }, 'project { id }');
    await eventually('it to be gone', async () => !('newest' in (await statuses())), 30_000);
    await before.stop();
    await server();
    expect(await statuses()).toMatchObject(untouched);
  });
});
