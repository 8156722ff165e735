import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toError } from '../../errors.ts';
import { compareDefinitions, describeDifferences, writeScript } from './definitions/compare-definitions.ts';
import { dropDefinitions, type Kept, loadDefinitions } from './definitions/load-definitions.ts';
import { printByHand } from './definitions/print-by-hand.ts';
import { readDefinitions } from './definitions/read-definitions.ts';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import { migrate } from './migrations/migrate.ts';
import { migrationsDirectory } from './migrations/read-migrations.ts';
import { openSession, type Session } from './migrations/session.ts';
import { withSchemaEngine } from './schema-engine.ts';

/** The URLs of two empty databases, which are removed afterwards. */
export interface Scratch {
  /** Gets what the migrations make. */
  readonly held: string;
  /** Gets the definitions of the files. */
  readonly wanted: string;
}

/** A migration that was written. */
export interface NewMigration {
  readonly directory: string;
  /** Why it must be completed by hand; null when the migrated database equals the files. */
  readonly problem: string | null;
}

/** The script that changes a database from one schema file to another; empty when the files are the same. */
async function diffSchemas(databaseUrl: string, from: string, to: string): Promise<string> {
  const datamodel = async (path: string) => ({
    tag: 'schemaDatamodel' as const,
    files: [{ path, content: await readFile(path, 'utf8') }],
    configDir: '',
  });
  const [before, after] = [await datamodel(from), await datamodel(to)];
  const filters = { externalTables: [], externalEnums: [] };
  return withSchemaEngine(databaseUrl, async (engine) => {
    const { stdout } = await engine.diff({ from: before, to: after, script: true, exitCode: null, filters });
    return (stdout ?? '').replace('-- This is an empty migration.', '').trim();
  });
}

/**
 * Writes the migration from the result of the newest migration to the files in `prisma`: `schema.prisma`, and the
 * functions, triggers and views. Then it applies the migration, and compares the result with the files. What is in no
 * file (CHECKs, partial indexes) is added by hand. Throws an Error that names the file when a definition cannot be
 * loaded; nothing is written then.
 */
export async function newMigration(name: string, prisma: string, scratch: Scratch): Promise<NewMigration> {
  const migrations = join(prisma, 'migrations');
  const [schema, keptSchema] = [join(prisma, 'schema.prisma'), join(migrations, 'schema.prisma')];
  await migrate(scratch.held, migrations);
  const held = await inSession(scratch.held, readDefinitions);
  // Only two files are compared, but the engine does not start without a database.
  const tables = await diffSchemas(scratch.held, keptSchema, schema);
  await migrate(scratch.wanted, migrations);
  const { kept, problem } = await inSession(scratch.wanted, (session) => loadWanted(session, prisma, tables));

  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const directory = join(migrations, `${stamp}_${name}`);
  await mkdir(directory);
  const script = kept ? writeScript(tables, compareDefinitions(held, kept)) : `${tables}\n`;
  await writeFile(join(directory, 'migration.sql'), script || '-- By hand: what is in no file.\n');
  await cp(schema, keptSchema);
  if (!kept) return { directory, problem };
  return { directory, problem: await problemAfter(scratch.held, prisma, kept) };
}

/**
 * The definitions of the files, loaded after the tables are changed; or why the script alone cannot change the tables.
 */
async function loadWanted(
  session: Session,
  prisma: string,
  tables: string,
): Promise<{ kept: Kept[]; problem: null } | { kept: null; problem: string }> {
  await dropDefinitions(session, ['TRIGGER', 'VIEW']);
  try {
    await session.query(tables);
  } catch (error) {
    const { message } = toError(error);
    return {
      kept: null,
      problem: `the tables cannot be changed in this way: ${message}; no definition was compared`,
    };
  }
  return { kept: await loadDefinitions(session, prisma), problem: null };
}

/** Applies the new migration. Null when the database then equals the files. */
async function problemAfter(databaseUrl: string, prisma: string, kept: readonly Kept[]) {
  try {
    await writeByHand(databaseUrl, prisma);
  } catch (error) {
    return toError(error).message;
  }
  const held = await inSession(databaseUrl, readDefinitions);
  return describeDifferences(compareDefinitions(held, kept)).join('\n') || null;
}

/** Applies the missing migrations, and prints `by-hand.sql` from the result. */
export async function writeByHand(databaseUrl: string, prisma: string): Promise<void> {
  await migrate(databaseUrl, join(prisma, 'migrations'));
  await writeFile(join(prisma, 'by-hand.sql'), await inSession(databaseUrl, printByHand));
}

async function inSession<Result>(databaseUrl: string, use: (session: Session) => Promise<Result>) {
  const session = await openSession(databaseUrl);
  try {
    return await use(session);
  } finally {
    await session.end();
  }
}

/** `npm run migration -- a_name`; without a name it only prints `by-hand.sql`. */
async function main(name: string | undefined): Promise<void> {
  const prisma = join(migrationsDirectory, '..');
  const directory = await mkdtemp(join(tmpdir(), 'dramatis-migration-'));
  const { url: held, stop } = await startEmbeddedPostgres({ directory, log: () => undefined });
  try {
    if (name === undefined) return await writeByHand(held, prisma);
    await inSession(held, (session) => session.query('CREATE DATABASE wanted'));
    const wanted = new URL(held);
    wanted.pathname = '/wanted';
    const made = await newMigration(name, prisma, { held, wanted: wanted.href });
    process.stdout.write(`${made.directory}\n`);
    if (made.problem === null) return;
    process.stderr.write(`It must be completed by hand: ${made.problem}\n`);
    process.exitCode = 1;
  } finally {
    await stop();
    await rm(directory, { recursive: true, force: true });
  }
}

if (import.meta.main) await main(process.argv[2]);
