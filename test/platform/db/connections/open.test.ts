import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type pg from 'pg';
import { connectDatabase } from '../../../../src/platform/db/connect.ts';
import { adapterOf, openClient, openPool } from '../../../../src/platform/db/connections/open.ts';
import { findDatabaseProblem } from '../../../../src/platform/db/database-health.ts';
import { PrismaClient } from '../../../../src/platform/db/generated/client.ts';
import { openSession } from '../../../../src/platform/db/migrations/session.ts';
import { isTransient } from '../../../../src/platform/db/transient.ts';
import { openReader, type Statement } from '../../../../src/platform/reads/reader.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/database.ts';
import { delay } from '../../../support/delay.ts';
import { eventually } from '../../../support/eventually.ts';
import { openWire, type Wire } from '../../../support/wire.ts';

let database: TestDatabase;
let wire: Wire;
beforeAll(async () => {
  database = await createTestDatabase();
  wire = await openWire(database.url);
});
afterAll(async () => {
  await wire.close();
  await database.drop();
});

/** Several at a time, so that each has a connection of its own. */
async function warm(pool: pg.Pool, connections: number): Promise<void> {
  const clients = await Promise.all(Array.from({ length: connections }, () => pool.connect()));
  for (const client of clients) client.release();
}
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

it('connections that go silent: who waits is told in time, what is idle beside is closed, new ones work', async () => {
  const pool = openPool(wire.url, 'requests', { timeoutMs: 600 });
  await warm(pool, 5);
  wire.silence();
  expect(isTransient(await failureOf(pool.query('SELECT 1')))).toBe(true);
  await eventually('the idle ones to be closed', () => pool.totalCount === 0);
  // On a busy machine a new connection may take longer than the pool waits for it.
  const answer = () => pool.query('SELECT 2 AS two').catch(() => null);
  expect((await eventually('a new one to work', answer)).rows).toEqual([{ two: 2 }]);
  await pool.end();
});

it('a transaction on a connection that went silent ends at once, and its connection is not used again', async () => {
  const pool = openPool(wire.url, 'requests', { timeoutMs: 600, maxConnections: 1 });
  const client = await pool.connect();
  await client.query('BEGIN');
  wire.silence();
  const startedAt = performance.now();
  expect(isTransient(await failureOf(client.query('SELECT 1')))).toBe(true);
  const toldAt = performance.now();
  // What follows, a ROLLBACK above all, does not wait as long once more.
  expect(isTransient(await failureOf(client.query('ROLLBACK')))).toBe(true);
  expect(performance.now() - toldAt).toBeLessThan((toldAt - startedAt) / 2);
  client.release();
  expect((await pool.query('SELECT 2 AS two')).rows).toEqual([{ two: 2 }]);
  await pool.end();
});

it('a silence in which nothing is asked is none: an idle connection stays, and is watched as before', async () => {
  const client = await openClient(wire.url, 'requests', { timeoutMs: 500 });
  await delay(1_500);
  expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  await delay(800);
  wire.silence();
  expect(isTransient(await failureOf(client.query('SELECT 1')))).toBe(true);
});

it('a session that migrates may be silent for as long as its script takes', async () => {
  const session = await openSession(database.url);
  const { stream } = session.connection;
  expect(stream).toMatchObject({ timeout: 0 });
  expect((await session.query('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: '0' }]);
  await session.end();
});

it('a connection that is closed on a silent wire does not stay open', async () => {
  const client = await openClient(wire.url, 'requests', { timeoutMs: 500 });
  const { stream } = client.connection;
  wire.silence();
  void client.end();
  await eventually('the socket to be gone', () => stream.destroyed, 3_000);
});

it('a statement takes no longer than it may, and neither does waiting for a lock', async () => {
  const pool = openPool(database.url, 'requests', { timeoutMs: 900 });
  await database.query('CREATE TABLE held ()');
  const other = await openClient(database.url, 'start');
  await other.query('BEGIN; LOCK TABLE held');
  expect(await failureOf(pool.query('SELECT FROM held'))).toMatchObject({ code: '55P03' });
  await other.end();
  expect(await failureOf(pool.query('SELECT pg_sleep(30)'))).toMatchObject({ code: '57014' });
  // Who holds a lock and does nothing loses it before those give up who wait for it.
  const holder = await pool.connect();
  await holder.query('BEGIN; LOCK TABLE held');
  expect(await failureOf(pool.query('SELECT FROM held'))).toBeNull();
  holder.release();
  await pool.end();
});

it('a connection that is given back within a transaction is not given to the next', async () => {
  const pool = openPool(database.url, 'requests', { maxConnections: 1 });
  const client = await pool.connect();
  await client.query('BEGIN');
  client.release();
  const next = await pool.connect();
  expect(next.getTransactionStatus()).toBe('I');
  next.release();
  await pool.end();
});

it('a backend that is ended while its connection is handed out and idle does not end the process', async () => {
  const pool = openPool(database.url, 'requests');
  const client = await pool.connect();
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const ended = new Promise((resolve) => client.once('end', resolve));
  await database.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
  await ended;
  expect(isTransient(await failureOf(client.query('SELECT 1')))).toBe(true);
  client.release();
  await pool.query('SELECT 1');
  await pool.end();
});

const beReadOnly = 'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY';

it('a session that was told that it may not write is not used again, and neither is what is idle beside it', async () => {
  await database.query('CREATE TABLE written ()');
  const write = 'INSERT INTO written DEFAULT VALUES';
  for (const inTransaction of [false, true]) {
    const pool = openPool(database.url, 'requests', { maxConnections: 3 });
    const clients = await Promise.all([1, 2, 3].map(() => pool.connect()));
    for (const client of clients) {
      await client.query(beReadOnly);
      client.release();
    }
    const client = await pool.connect();
    if (inTransaction) await client.query('BEGIN');
    expect(await failureOf(client.query(write))).toMatchObject({ code: '25006' });
    if (inTransaction) await client.query('ROLLBACK');
    client.release();
    await eventually('all to be closed', () => pool.totalCount === 0, 1_000);
    await pool.query(write);
    await pool.end();
  }
});

it.each(['requests', 'reads'] as const)(
  'readiness sees that sessions of %s are of a primary that became read-only; then they are new ones',
  async (purpose) => {
    const pool = openPool(database.url, purpose, { maxConnections: 1 });
    const db = new PrismaClient({ adapter: adapterOf(pool) });
    const read = async ({ text }: Statement) => {
      await pool.query(text);
      return [];
    };
    const others = connectDatabase(database.url);
    const reader = openReader(database.url);
    const tools = purpose === 'reads' ? { db: others, reader: { read } } : { db, reader };
    const look = () => findDatabaseProblem(database.url, tools, {});
    expect(await look()).toBeNull();
    await pool.query(beReadOnly);
    expect(await look()).toBe('is read-only');
    expect(await look()).toBeNull();
    await Promise.all([db.$disconnect(), others.$disconnect(), reader.close(), pool.end()]);
  },
);
