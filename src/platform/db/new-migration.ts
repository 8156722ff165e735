import { cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import { migrationsDirectory, readMigrations } from './migrations/read-migrations.ts';
import { withSchemaEngine } from './schema-engine.ts';

/** The script that leads from one schema file to another; from an empty database where `from` is null. */
async function diffSchemas(databaseUrl: string, from: string | null, to: string): Promise<string> {
  const datamodel = async (path: string) => ({
    tag: 'schemaDatamodel' as const,
    files: [{ path, content: await readFile(path, 'utf8') }],
    configDir: '',
  });
  const [before, after] = [
    from === null ? ({ tag: 'empty' } as const) : await datamodel(from),
    await datamodel(to),
  ];
  const filters = { externalTables: [], externalEnums: [] };
  return withSchemaEngine(databaseUrl, async (engine) => {
    const { stdout } = await engine.diff({ from: before, to: after, script: true, exitCode: null, filters });
    return stdout ?? '';
  });
}

/** The schema file that the newest migration arrives at, kept beside its SQL; null before the first. */
export async function newestKeptSchema(): Promise<string | null> {
  const newest = (await readMigrations(migrationsDirectory)).at(-1);
  return newest ? join(migrationsDirectory, newest.name, 'schema.prisma') : null;
}

/** Writes the next migration: `npm run migration -- a_name`. CHECKs and triggers are added to its SQL by hand. */
async function newMigration(name: string): Promise<void> {
  const schema = join(migrationsDirectory, '..', 'schema.prisma');
  // Two schemas are compared, no database; but the engine does not start without one.
  const scratch = await mkdtemp(join(tmpdir(), 'dramatis-migration-'));
  const postgres = await startEmbeddedPostgres({ directory: scratch, log: () => undefined });
  const script = await diffSchemas(postgres.url, await newestKeptSchema(), schema).finally(postgres.stop);
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const directory = join(migrationsDirectory, `${stamp}_${name}`);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'migration.sql'), script);
  await cp(schema, join(directory, 'schema.prisma'));
  process.stdout.write(`${directory}\n`);
}

const name = process.argv[2];
if (import.meta.main && name) await newMigration(name);
