import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `prisma/migrations` of this package, seen from `src` and from `dist` alike. */
export const migrationsDirectory = fileURLToPath(new URL('../../../../prisma/migrations', import.meta.url));

/** A script that changes the database once. */
export interface Migration {
  /** The name of its folder, which begins with a time stamp. */
  readonly name: string;
  readonly script: string;
  /** What Prisma writes beside the name: the script's SHA-256. */
  readonly checksum: string;
  /** The oldest build that works on a database with this migration; null where the build before it still does. */
  readonly oldestBuild: string | null;
  /** An index that is built outside of a transaction, so that writers need not wait. */
  readonly concurrentIndex: string | null;
}

/** The migrations in a folder, in their order. Throws an Error where a script's own remarks cannot be read. */
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
  // Without a transaction a script may be broken off anywhere and is run again, so it must be one that can be.
  if (index !== undefined && others.length === 0) return index;
  throw new Error(
    `migration ${name}: outside of a transaction a script is one CREATE INDEX CONCURRENTLY IF NOT EXISTS`,
  );
}
