import { afterEach, beforeEach, expect, it } from '@jest/globals';
import pg from 'pg';
import { locks } from '../../../../src/platform/db/locks.ts';
import { migrate } from '../../../../src/platform/db/migrations/migrate.ts';
import {
  migrationsDirectory,
  readMigrations,
} from '../../../../src/platform/db/migrations/read-migrations.ts';
import { withSchemaEngine } from '../../../../src/platform/db/schema-engine.ts';
import { createTestDatabase, empty, type TestDatabase } from '../../../support/database.ts';
import { eventually } from '../../../support/eventually.ts';
import {
  beginRow,
  finishRow,
  firstMigration,
  historyTable,
  makeVersion01,
  scriptOf,
} from '../../../support/version-0-1.ts';

/** Rows that older builds left, who wrote a migration's row, then ran its script, then ended the row. */
const second = '20261121072634_projects_people_keys';

let database: TestDatabase;
let warnings: string[];
const log = { info: () => undefined, warn: (_: unknown, message: string) => void warnings.push(message) };
const start = () => migrate(database.url, migrationsDirectory, { log: log as never });
beforeEach(async () => {
  warnings = [];
  database = await createTestDatabase(empty);
});
afterEach(() => database.drop());

/** Every migration has one row that counts, and Prisma's own engine finds nothing to do. */
async function expectWhole(): Promise<void> {
  const migrations = await readMigrations(migrationsDirectory);
  const rows = await database.query(
    'SELECT migration_name AS name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY migration_name',
  );
  expect(rows).toEqual(migrations.map(({ name, checksum }) => ({ name, checksum })));
  const migrationsList = {
    baseDir: migrationsDirectory,
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"' },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, script }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: script } },
    })),
  };
  const filters = { externalTables: [], externalEnums: [] };
  const said = await withSchemaEngine(database.url, (engine) =>
    engine.applyMigrations({ migrationsList, filters }),
  );
  expect(said.appliedMigrationNames).toEqual([]);
}

it('its script did not take effect: it is applied', async () => {
  await makeVersion01(database.query, 10);
  await beginRow(database.query, second);
  expect(await start()).toContain(second);
  expect(warnings).toEqual(['a migration that was interrupted had not taken effect: it is applied again']);
  await expectWhole();
});

it('its script took effect: it counts as applied, and is not applied twice', async () => {
  await makeVersion01(database.query, 10);
  await beginRow(database.query, second);
  await database.query(scriptOf(second));
  expect(await start()).not.toContain(second);
  expect(warnings).toEqual(['a migration that was interrupted had taken effect: it counts as applied']);
  await expectWhole();
});

it.each([
  '20261121104655_money',
  '20261121142429_reads',
  '20261121145000_runs_together',
  '20261121153000_moves_together',
])('so for %s as well, taken effect or not', async (name) => {
  await makeVersion01(database.query, 10);
  const names = (await readMigrations(migrationsDirectory)).map((each) => each.name);
  for (const earlier of names.slice(1, names.indexOf(name))) {
    await beginRow(database.query, earlier);
    await database.query(scriptOf(earlier));
    await finishRow(database.query, earlier);
  }
  await beginRow(database.query, name);
  const other = await createTestDatabase(database.name);
  await database.query(scriptOf(name));
  expect(await start()).toEqual(names.slice(names.indexOf(name) + 1));
  await expectWhole();
  await database.drop();
  database = other;
  expect(await start()).toEqual(names.slice(names.indexOf(name)));
  await expectWhole();
});

it.each([1, 10, 25, -2, -3])(
  'the first one of 0.1.0 was run statement by statement, and broken off after %i',
  async (count) => {
    await database.query(historyTable);
    await beginRow(database.query, firstMigration);
    // What comes after the last semicolon is empty.
    for (const statement of scriptOf(firstMigration).split(';').slice(0, count))
      await database.query(statement);
    expect(await start()).toContain(firstMigration);
    await expectWhole();
    const constraints =
      "SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY conname";
    const whole = await createTestDatabase();
    expect(await database.query(constraints)).toEqual(await whole.query(constraints));
    await whole.drop();
  },
);

it('a killed process of an older build still runs its script: it is waited for', async () => {
  await makeVersion01(database.query, 10);
  await beginRow(database.query, second);
  const backend = new pg.Client({ connectionString: database.url });
  await backend.connect();
  // Prisma's engine has this lock in the session of its script.
  await backend.query('SELECT pg_advisory_lock($1)', [locks.prismaMigration]);
  await backend.query('BEGIN');
  await backend.query(scriptOf(second));
  const started = start();
  await eventually('the start to be connected', async () => {
    const rows = await database.query(
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dramatis-start'",
    );
    return rows[0];
  });
  await backend.query('COMMIT');
  expect(warnings).toEqual([]);
  await backend.end();
  expect(await started).not.toContain(second);
  await expectWhole();
});
