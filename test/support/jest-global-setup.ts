import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/platform/db/embedded-postgres.ts';
import { migrate } from '../../src/platform/db/migrations/migrate.ts';
import { migrationsDirectory } from '../../src/platform/db/migrations/read-migrations.ts';
import { prepareJobQueue } from '../../src/platform/jobs/queue-tables.ts';
import { makeRunFolder } from './run-folder.ts';

/** Speed over safety: this cluster is thrown away. */
const flags = [
  '-c',
  'fsync=off',
  '-c',
  'synchronous_commit=off',
  '-c',
  'full_page_writes=off',
  '-c',
  'max_connections=400',
];

/** One Postgres for the whole run, and a migrated template that each test file's own database is cloned from. */
export default async function setup(): Promise<void> {
  const folder = await makeRunFolder();
  // The workers, and what they start, make their temporary files here as well.
  process.env.TMPDIR = folder;
  const directory = join(folder, 'postgres');
  const postgres = await startEmbeddedPostgres({ directory, flags, log: () => undefined });
  const admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  await admin.query('CREATE DATABASE dramatis_template');
  await admin.end();
  const template = postgres.url.replace(/\/dramatis$/, '/dramatis_template');
  await migrate(template, migrationsDirectory);
  // Made by the first server otherwise: once here, and not for each clone.
  await prepareJobQueue(template);
  process.env.TEST_POSTGRES_URL = postgres.url;
  Object.assign(globalThis, { stopTestPostgres: postgres.stop, testRunFolder: folder });
}
