import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { buildVersion, isOlder } from '../../../../src/platform/db/migrations/build.ts';
import { migrate } from '../../../../src/platform/db/migrations/migrate.ts';
import {
  migrationsDirectory,
  readMigrations,
} from '../../../../src/platform/db/migrations/read-migrations.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/database.ts';
import { startServer } from '../../../support/starts.ts';

let future: string;
let database: TestDatabase;
let told: unknown[];
const log = { info: (facts: unknown) => void told.push(facts), warn: () => undefined };
beforeAll(async () => {
  future = await mkdtemp(join(tmpdir(), 'dramatis-future-'));
  await cp(migrationsDirectory, future, { recursive: true });
});
afterAll(() => rm(future, { recursive: true, force: true }));
beforeEach(async () => {
  told = [];
  database = await createTestDatabase();
});
afterEach(() => database.drop());

/** What a build of the future does to the database. */
async function migrateTo(build: string, name: string, script: string): Promise<void> {
  await mkdir(join(future, name), { recursive: true });
  await writeFile(join(future, name, 'migration.sql'), script);
  await migrate(database.url, future, { build });
}

const quiet = '99990101000000_quiet';
const far = '99990202000000_far';

describe('a database that a newer build has migrated', () => {
  it('is used where its migrations leave this build working, and said so', async () => {
    await migrateTo('0.3.0', quiet, 'CREATE TABLE "of_the_future" ("id" INT)');
    expect(await migrate(database.url, migrationsDirectory, { log: log as never })).toEqual([]);
    expect(told).toEqual([{ unknown: [quiet] }]);
  });

  it('is refused where they do not, by the oldest build that any of them names', async () => {
    await migrateTo('9.0.0', far, '-- oldest-build: 9.0.0\nCREATE TABLE "of_the_far_future" ("id" INT)');
    await migrateTo('9.5.0', `${far}_quiet`, 'CREATE TABLE "of_the_future_too" ("id" INT)');
    await migrateTo('9.5.0', `${far}_older`, '-- oldest-build: 8.0.0\nSELECT 1');
    await expect(migrate(database.url, migrationsDirectory, { build: '8.9.1' })).rejects.toThrow(
      /^the database was migrated by a newer version, and needs Dramatis 9\.0\.0 or newer; this is 8\.9\.1$/,
    );
    expect(await migrate(database.url, migrationsDirectory, { build: '9.0.0' })).toEqual([]);
    const server = startServer({ DATABASE_URL: database.url, DATA_DIR: join(future, 'data') });
    expect(await server.exited).toBe(1);
    expect(server.said()).toBe(
      `Dramatis cannot start: the database was migrated by a newer version, and needs Dramatis 9.0.0 or newer; this is ${buildVersion}\n`,
    );
  });

  it('refuses version 0.1.0, which does not ask, at the first thing that it writes', async () => {
    const asVersion01 = database.query(
      "INSERT INTO settings (name, value) VALUES ('image-url-secret', '00') ON CONFLICT DO NOTHING",
    );
    await expect(asVersion01).rejects.toThrow(
      'the database was migrated by a newer version, and needs Dramatis 0.2.0 or newer; this is 0.1.0',
    );
  });
});

it('no migration asks for a build that is newer than this one', async () => {
  const wrong = (await readMigrations(migrationsDirectory)).filter(
    ({ oldestBuild }) => oldestBuild !== null && isOlder(buildVersion, oldestBuild),
  );
  expect(wrong).toEqual([]);
});

it.each([
  ['0.1.0', '0.2.0', true],
  ['0.2.0', '0.10.0', true],
  ['0.2.0-next.0', '0.2.0', false],
  ['0.2.0-next.0', '0.2.1', true],
  ['1.0.0', '0.9.9', false],
  ['1.0.0', '1.0.0', false],
])('%s is older than %s: %s', (version, than, expected) => {
  expect(isOlder(version, than)).toBe(expected);
});

it.each([
  ['-- oldest-build: soon', /must name a version/],
  ['-- oldest-build:', /must name a version/],
  [
    '-- outside-transaction\nCREATE INDEX "a" ON "b" ("c");',
    /is one CREATE INDEX CONCURRENTLY IF NOT EXISTS/,
  ],
  [
    '-- outside-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS "a" ON "b" ("c");\nSELECT 1;',
    /is one CREATE INDEX CONCURRENTLY IF NOT EXISTS/,
  ],
])('a script that says %j is refused', async (script, problem) => {
  const directory = await mkdtemp(join(tmpdir(), 'dramatis-migration-'));
  await mkdir(join(directory, '1_wrong'));
  await writeFile(join(directory, '1_wrong', 'migration.sql'), script);
  await expect(readMigrations(directory)).rejects.toThrow(problem);
  await rm(directory, { recursive: true });
});
