import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `prisma/migrations` of this package. The relative path is the same from `src` and from `dist`. */
export const migrationsDirectory = fileURLToPath(new URL('../../../../prisma/migrations', import.meta.url));

/** A script that changes the database once. */
export interface Migration {
  /** The name of its folder, which begins with a time stamp. */
  readonly name: string;
  readonly script: string;
  /** The script's SHA-256, which Prisma stores beside the name. */
  readonly checksum: string;
  /** The oldest build that works on a database with this migration; null when the migration excludes no build. */
  readonly oldestBuild: string | null;
  /** The name of an index that is built outside of a transaction, so that writers need not wait; otherwise null. */
  readonly concurrentIndex: string | null;
}

/** The migrations in a folder, in their order. Throws an Error when the remarks in a script are not valid. */
export async function readMigrations(directory: string): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return Promise.all(
    names.sort().map(async (name) => {
      const script = await readFile(join(directory, name, 'migration.sql'), 'utf8');
      return {
        name,
        script,
        checksum: createHash('sha256').update(script).digest('hex'),
        oldestBuild: oldestBuildOf(name, script),
        concurrentIndex: readConcurrentIndex(name, script),
      };
    }),
  );
}

function oldestBuildOf(name: string, script: string): string | null {
  const [line, version] = /^-- oldest-build:\s*(\S*).*$/m.exec(script) ?? [];
  if (line === undefined) return null;
  if (version && /^\d+\.\d+\.\d+$/.test(version)) return version;
  throw new Error(`migration ${name}: "${line}" must name a version such as 1.2.0`);
}

function readConcurrentIndex(name: string, script: string): string | null {
  if (!/^-- outside-transaction$/m.test(script)) return null;
  const [statement = '', ...others] = script
    .replace(/^--.*$/gm, '')
    .split(';')
    .filter((text) => text.trim() !== '');
  const [, index] = /^\s*CREATE (?:UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS "(\w+)"/.exec(statement) ?? [];
  // Without a transaction a script may be interrupted anywhere and is run again, so it must be repeatable.
  if (index !== undefined && others.length === 0) return index;
  throw new Error(
    `migration ${name}: outside of a transaction a script is one CREATE INDEX CONCURRENTLY IF NOT EXISTS`,
  );
}
