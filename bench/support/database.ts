import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { startEmbeddedPostgres } from '../../src/platform/db/embedded-postgres.ts';
import { migrate } from '../../src/platform/db/migrations/migrate.ts';
import { migrationsDirectory, readMigrations } from '../../src/platform/db/migrations/read-migrations.ts';
import { withClient } from './client.ts';
import { restCores, stayOn } from './cores.ts';
import { fill, fillVersion, type Size } from './fill.ts';

/** The folder for data that is kept between runs. */
export const benchDirectory = fileURLToPath(new URL('../.data', import.meta.url));

/** A library of 10,000 characters, and one of a hundredth of the size. */
export const librarySizes = {
  large: { characters: 10_000, generations: 1_000_000 },
  small: { characters: 100, generations: 10_000 },
} as const satisfies Record<string, Size>;
export type LibraryName = keyof typeof librarySizes;

/** The bench's own Postgres, which keeps its folder. */
export interface BenchPostgres {
  /** The URL of a library. It is filled first when it is missing, or when the schema or the fill has changed. */
  library(name: LibraryName): Promise<string>;
  /** The URL of a new copy of a library, for benches that write. The previous copy is dropped. */
  copyOf(name: LibraryName, copy: string): Promise<string>;
  stop(): Promise<void>;
}

/** Starts Postgres with statistics of statements, on other cores than the measured servers. */
export async function startBenchPostgres(log: (line: string) => void): Promise<BenchPostgres> {
  const directory = join(benchDirectory, 'postgres');
  const flags = [
    ['shared_preload_libraries', 'pg_stat_statements'],
    ['shared_buffers', '1GB'],
    ['max_wal_size', '4GB'],
  ].flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const postgres = await startEmbeddedPostgres({ directory, flags, log: () => undefined });
  const [pid] = (await readFile(join(directory, 'cluster', 'postmaster.pid'), 'utf8')).split('\n');
  stayOn(Number(pid), restCores);
  const urlOf = (name: string) => postgres.url.replace(/\/[^/]*$/, `/${name}`);
  const asAdmin = <Result>(work: (client: pg.Client) => Promise<Result>) =>
    withClient(urlOf('postgres'), work);

  async function library(name: LibraryName): Promise<string> {
    const size = librarySizes[name];
    const url = urlOf(name);
    const newest = (await readMigrations(migrationsDirectory)).at(-1)?.name;
    const stamp = `${newest}, fill ${fillVersion}: ${size.characters} characters, ${size.generations} generations`;
    const kept = await asAdmin((client) => stampOf(client, name));
    if (kept === stamp) return url;
    log(`filling the ${name} library; it is kept for later runs`);
    await asAdmin(async (client) => {
      await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await client.query(`CREATE DATABASE ${name}`);
    });
    await migrate(url, migrationsDirectory);
    await withClient(url, (client) => fill(client, size, log));
    // The stamp is written last, so that an interrupted fill is started again.
    await asAdmin((client) => client.query(`COMMENT ON DATABASE ${name} IS '${stamp}'`));
    return url;
  }

  return {
    library,
    async copyOf(name, copy) {
      await library(name);
      await asAdmin(async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${copy} WITH (FORCE)`);
        await client.query(`CREATE DATABASE ${copy} TEMPLATE ${name}`);
      });
      return urlOf(copy);
    },
    stop: postgres.stop,
  };
}

async function stampOf(client: pg.Client, name: string): Promise<string | null> {
  const { rows } = await client.query<{ stamp: string | null }>(
    "SELECT shobj_description(oid, 'pg_database') AS stamp FROM pg_database WHERE datname = $1",
    [name],
  );
  return rows[0]?.stamp ?? null;
}
