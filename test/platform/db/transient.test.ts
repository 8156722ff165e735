import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { isTransient } from '../../../src/platform/db/transient.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const withCode = (code: string) => Object.assign(new Error('refused'), { code });

it.each([
  withCode('P1017'),
  withCode('P2024'),
  withCode('57P01'),
  withCode('40P01'),
  // Waited too long for a lock, or for an answer: an answer of the provider's must not be lost by that.
  withCode('55P03'),
  withCode('57014'),
  withCode('08006'),
  withCode('ECONNREFUSED'),
  withCode('EHOSTUNREACH'),
  // The machine has no more files, sockets or memory for us.
  withCode('EMFILE'),
  new Error('outer', { cause: withCode('ENFILE') }),
  new Error('Connection terminated unexpectedly'),
  // What the pool says when all of its connections are taken.
  new Error('timeout exceeded when trying to connect'),
  new Error('Query read timeout'),
  new Error('outer', { cause: new Error('middle', { cause: withCode('53300') }) }),
  Object.assign(new Error('prisma'), { meta: { driverAdapterError: { cause: { originalCode: '57P03' } } } }),
  Object.assign(new Error('prisma'), {
    meta: { driverAdapterError: { cause: { kind: 'DatabaseNotReachable' } } },
  }),
])('may work later: %p', (error) => {
  expect(isTransient(error)).toBe(true);
});

it.each([
  withCode('P2002'),
  withCode('23505'),
  withCode('22P05'),
  new Error('The prompt says: connection'),
  new TypeError('undefined is not a function'),
  'connection terminated',
  null,
  undefined,
])('will not: %p', (error) => {
  expect(isTransient(error)).toBe(false);
});

it('ends on causes that turn in a circle', () => {
  const error: Error & { cause?: unknown } = new Error('round');
  error.cause = error;
  expect(isTransient(error)).toBe(false);
});

describe('what Postgres says, as Prisma passes it on', () => {
  let database: TestDatabase;
  let db: Database;
  beforeAll(async () => {
    database = await createTestDatabase();
    db = connectDatabase(database.url);
  });
  afterAll(async () => {
    await db.$disconnect();
    await database.drop();
  });
  const failureOf = (work: Promise<unknown>) =>
    work.then(
      () => null,
      (error: unknown) => error,
    );
  const raise = (code: string) =>
    `DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '${code}', MESSAGE = 'as if'; END $$`;

  it.each([
    // Read-only; resources, disk, memory, connections, configured limits; I/O; shut down; idle for too long.
    ...['25006', '53000', '53100', '53200', '53300', '53400', '58030', '57P01', '57P03', '57P05', '25P03'],
    ...['40001', '40P01', '55P03', '57014'],
  ])('%s may work later, in a transaction and outside of one', async (code) => {
    expect(isTransient(await failureOf(db.$executeRawUnsafe(raise(code))))).toBe(true);
    const inOne = db.$transaction((tx) => tx.$executeRawUnsafe(raise(code)));
    expect(isTransient(await failureOf(inOne))).toBe(true);
  });

  it.each(['22P05', '23505', '23514', '42501', '42P01', 'P0001', 'XX000'])('%s will not', async (code) => {
    expect(isTransient(await failureOf(db.$executeRawUnsafe(raise(code))))).toBe(false);
  });

  it('a write on a session that has become read-only, and no room for another connection', async () => {
    const written = db.$transaction(async (tx) => {
      await tx.$executeRaw`SET TRANSACTION READ ONLY`;
      await tx.project.create({ data: { name: 'refused' } });
    });
    expect(isTransient(await failureOf(written))).toBe(true);
    await database.query("CREATE ROLE crowded LOGIN PASSWORD 'x' CONNECTION LIMIT 0");
    const url = new URL(database.url);
    Object.assign(url, { username: 'crowded', password: 'x' });
    const other = connectDatabase(url.href);
    expect(isTransient(await failureOf(other.project.findMany()))).toBe(true);
    await other.$disconnect();
    await database.query('DROP ROLE crowded');
  });
});
