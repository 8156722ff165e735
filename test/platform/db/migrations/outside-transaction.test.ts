import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import pg from 'pg';
import { migrate } from '../../../../src/platform/db/migrations/migrate.ts';
import { migrationsDirectory } from '../../../../src/platform/db/migrations/read-migrations.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/database.ts';
import { eventually } from '../../../support/eventually.ts';

const name = '99990101000000_index';

let directory: string;
let database: TestDatabase;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dramatis-outside-'));
  await cp(migrationsDirectory, directory, { recursive: true });
  await mkdir(join(directory, name));
  await writeFile(
    join(directory, name, 'migration.sql'),
    '-- outside-transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "projects_name_idx" ON "projects" ("name");\n',
  );
});
afterAll(() => rm(directory, { recursive: true, force: true }));
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

const add = (name: string) =>
  database.query('INSERT INTO projects (id, name) VALUES (gen_random_uuid(), $1)', [name]);
const validity = async () =>
  (
    await database.query(
      "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('projects_name_idx')",
    )
  ).map(({ indisvalid }) => indisvalid);

it('an index is built while others write', async () => {
  const writer = new pg.Client({ connectionString: database.url });
  await writer.connect();
  await writer.query('BEGIN');
  await writer.query("INSERT INTO projects (id, name) VALUES (gen_random_uuid(), 'slow')");
  const migrated = migrate(database.url, directory);
  await eventually('the build to wait for the writer', async () => (await validity()).length > 0);
  // No other writer waits, and a process may start meanwhile.
  await add('quick');
  const other = migrate(database.url, directory);
  await writer.query('COMMIT');
  expect(await migrated).toEqual([name]);
  expect(await other).toEqual([]);
  expect(await validity()).toEqual([true]);
  await writer.end();
});

it('what a build that was broken off has left is made anew', async () => {
  await add('twice');
  await add('twice');
  await expect(migrate(database.url, directory)).rejects.toThrow(
    /_index failed .*could not create unique index/,
  );
  expect(await validity()).toEqual([false]);
  await database.query("DELETE FROM projects WHERE name = 'twice'");
  expect(await migrate(database.url, directory)).toEqual([name]);
  expect(await validity()).toEqual([true]);
  expect(await migrate(database.url, directory)).toEqual([]);
});
