import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { migrate } from '../../src/platform/db/migrations/migrate.ts';
import { migrationsDirectory } from '../../src/platform/db/migrations/read-migrations.ts';
import { createTestDatabase } from '../support/database.ts';

it('the newest migration arrives at prisma/schema.prisma', () => {
  expect(readFileSync('prisma/migrations/schema.prisma', 'utf8')).toBe(
    readFileSync('prisma/schema.prisma', 'utf8'),
  );
});

it('no index has the name of another, which Postgres would take for it', () => {
  const scripts = readdirSync(migrationsDirectory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ name, sql: readFileSync(`${migrationsDirectory}/${name}/migration.sql`, 'utf8') }))
    .toSorted((one, other) => one.name.localeCompare(other.name));
  const taken = new Set<string>();
  const twice: string[] = [];
  for (const { name, sql } of scripts) {
    for (const [, index = ''] of sql.matchAll(/DROP INDEX (?:IF EXISTS )?"?(\w+)"?/g)) taken.delete(index);
    for (const [, index = ''] of sql.matchAll(
      /CREATE (?:UNIQUE )?INDEX (?:CONCURRENTLY )?(?:IF NOT EXISTS )?"?(\w+)"? ON/g,
    )) {
      if (taken.has(index)) twice.push(`${name}: ${index}`);
      taken.add(index);
    }
  }
  expect(taken.size).toBeGreaterThan(30);
  // It was never built; 20261128160000 builds it under another name.
  expect(twice).toEqual(['20261128121000_waiting_index: generations_waiting_idx']);
});

it('five processes that start together apply each migration once', async () => {
  const database = await createTestDatabase();
  await database.query('DROP SCHEMA public CASCADE');
  await database.query('CREATE SCHEMA public');
  const applied = await Promise.all([1, 2, 3, 4, 5].map(() => migrate(database.url, migrationsDirectory)));
  expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
  const rows = await database.query('SELECT migration_name FROM _prisma_migrations');
  expect(rows).toHaveLength(applied.flat().length);
  await database.drop();
});

it('says in one line that the database does not answer, without its password', async () => {
  const failure = migrate('postgresql://me:hush-hush@127.0.0.1:1/none', migrationsDirectory);
  await expect(failure).rejects.toThrow(
    /^the database at 127\.0\.0\.1:1\/none does not answer: .*ECONNREFUSED/,
  );
  await expect(failure).rejects.not.toThrow(/hush-hush/);
});
