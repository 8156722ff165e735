import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeFailure } from './connections/failure.ts';
import { openClient } from './connections/open.ts';
import { withSchemaEngine } from './schema-engine.ts';

/** `prisma/migrations` of this package, seen from `src` and from `dist` alike. */
export const migrationsDirectory = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));

/** Any number, as long as nobody else on the database uses it. */
const migrationLock = 7_236_500;

/** The migrations in a folder, in order, as the engine takes them. */
export async function readMigrations(directory: string) {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  return Promise.all(
    names.map(async (name) => {
      const value = await readFile(join(directory, name, 'migration.sql'), 'utf8');
      return { path: name, migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value } } };
    }),
  );
}

/**
 * Applies what is missing and resolves to its names. Of several processes that start together one applies, the
 * others wait for it. Throws an Error of one line when the database does not answer.
 */
export async function migrate(databaseUrl: string, directory: string): Promise<string[]> {
  const guard = await openClient(databaseUrl, 'start').catch((error: unknown) => {
    throw describeFailure(databaseUrl, error);
  });
  try {
    await guard.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    return await withSchemaEngine(databaseUrl, async (engine) => {
      const { appliedMigrationNames } = await engine.applyMigrations({
        migrationsList: {
          baseDir: directory,
          lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"' },
          migrationDirectories: await readMigrations(directory),
          shadowDbInitScript: '',
        },
        filters: { externalTables: [], externalEnums: [] },
      });
      return appliedMigrationNames;
    });
  } finally {
    await guard.end();
  }
}
