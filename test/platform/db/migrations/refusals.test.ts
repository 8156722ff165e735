import { randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { settleEnvironment } from '../../../../src/features/provider/settle-environment.ts';
import { createLogger } from '../../../../src/logger.ts';
import { migrate } from '../../../../src/platform/db/migrations/migrate.ts';
import { migrationsDirectory } from '../../../../src/platform/db/migrations/read-migrations.ts';
import { readConfig } from '../../../../src/settings/config.ts';
import { createTestDatabase, empty, type TestDatabase } from '../../../support/database.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase(empty);
});
afterEach(() => database.drop());

const tables = () =>
  database.query("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace");

it('a user who may not create tables is told so in one sentence, before anything is made', async () => {
  const user = `visitor_${randomUUID().slice(0, 8)}`;
  await database.query(`CREATE ROLE ${user} LOGIN PASSWORD 'visitor'`);
  const url = new URL(database.url);
  Object.assign(url, { username: user, password: 'visitor' });
  const told = `the database user "${user}" may not create tables: grant it CREATE on the database "${database.name}" and on its schema public`;
  await expect(migrate(url.href, migrationsDirectory)).rejects.toThrow(told);
  await database.query(`GRANT CREATE ON SCHEMA public TO ${user}`);
  await expect(migrate(url.href, migrationsDirectory)).rejects.toThrow(told);
  expect(await tables()).toEqual([]);

  await database.query(`GRANT CREATE ON DATABASE ${database.name} TO ${user}`);
  expect(await migrate(url.href, migrationsDirectory)).not.toEqual([]);
  // Where nothing is missing no right to create is needed.
  await database.query(`REVOKE CREATE ON DATABASE ${database.name} FROM ${user}`);
  await database.query(`REVOKE CREATE ON SCHEMA public FROM ${user}`);
  expect(await migrate(url.href, migrationsDirectory)).toEqual([]);
  await database.query(`DROP OWNED BY ${user}`);
  await database.query(`DROP ROLE ${user}`);
});

it('an upgrade that was broken off before its runs have an environment leaves none: they would count as those of the new one', async () => {
  const older = await mkdtemp(join(tmpdir(), 'dramatis-older-'));
  await cp(migrationsDirectory, older, {
    recursive: true,
    filter: (path) => !path.includes('_environments_and_zones'),
  });
  await migrate(database.url, older);
  await database.query(
    "INSERT INTO settings (name, value) VALUES ('provider-environment', 'https://a.test')",
  );
  const log = createLogger('silent');
  const around = settleEnvironment(
    { environment: 'https://b.test', switchFrom: 'https://a.test', settings: readConfig({}) },
    log,
  );
  await expect(migrate(database.url, migrationsDirectory, { around })).rejects.toThrow(
    /^this database belongs to the live provider at https:\/\/a\.test, and an upgrade of it was interrupted: start this version once as before/,
  );
  const before = settleEnvironment(
    { environment: 'https://a.test', switchFrom: undefined, settings: readConfig({}) },
    log,
  );
  expect(await migrate(database.url, migrationsDirectory, { around: before })).toHaveLength(1);
  expect(await migrate(database.url, migrationsDirectory, { around })).toEqual([]);
  await rm(older, { recursive: true, force: true });
});

it('a database that another application keeps tables in is left as it is', async () => {
  await database.query('CREATE TABLE customers (id INT)');
  await expect(migrate(database.url, migrationsDirectory)).rejects.toThrow(
    /^the database has tables of another application \("customers"\); Dramatis needs one of its own$/,
  );
  expect(await tables()).toEqual([{ relname: 'customers' }]);
});

it('a script whose row cannot be written leaves nothing behind', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'dramatis-row-'));
  const add = async (name: string) => {
    await mkdir(join(directory, name));
    await writeFile(join(directory, name, 'migration.sql'), `CREATE TABLE "${name}" ("id" INT)`);
  };
  await add('1_first');
  await migrate(database.url, directory);
  await database.query("ALTER TABLE _prisma_migrations ADD CHECK (migration_name <> '2_second')");
  await add('2_second');
  await expect(migrate(database.url, directory)).rejects.toThrow(
    /^migration 2_second failed and has changed nothing: /,
  );
  expect(await tables()).not.toContainEqual({ relname: '2_second' });
  await rm(directory, { recursive: true });
});

it('a script that fails is undone, and named', async () => {
  await database.query('CREATE TYPE "GenerationStatus" AS ENUM (\'MINE\')');
  await expect(migrate(database.url, migrationsDirectory)).rejects.toThrow(
    /^migration 20261121033216_initial failed and has changed nothing: type "GenerationStatus" already exists$/,
  );
  await database.query('DROP TYPE "GenerationStatus"');
  expect(await migrate(database.url, migrationsDirectory)).not.toEqual([]);
});
