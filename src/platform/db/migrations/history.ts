import { randomUUID } from 'node:crypto';
import { readSetting, writeSetting } from '../settings.ts';
import { isOlder } from './build.ts';
import type { Migration } from './read-migrations.ts';
import type { Session } from './session.ts';

/** The migrations of a database. The table has Prisma's name and columns, so that Prisma's own tools can read it. */
export interface History {
  /** The names of the applied migrations. */
  readonly applied: ReadonlySet<string>;
  /** Rows without an end: an older build wrote the row before it ran the script. */
  readonly unfinished: readonly { readonly id: string; readonly name: string }[];
  /** The oldest build that works on this database; null when every build does. */
  readonly oldestBuild: string | null;
}

const oldestBuildSetting = 'oldest-build';
const historyTable = `CREATE TABLE "_prisma_migrations" (
  "id" VARCHAR(36) NOT NULL PRIMARY KEY,
  "checksum" VARCHAR(64) NOT NULL,
  "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL,
  "logs" TEXT,
  "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
  "applied_steps_count" INTEGER NOT NULL DEFAULT 0
)`;

/** Reads the history; null in a database that has none. */
export async function readHistory(session: Session): Promise<History | null> {
  if (!(await exists(session, '_prisma_migrations'))) return null;
  const { rows } = await session.query<{ id: string; name: string; isApplied: boolean }>(
    `SELECT id, migration_name AS name, finished_at IS NOT NULL AS "isApplied" FROM _prisma_migrations
     WHERE rolled_back_at IS NULL ORDER BY started_at`,
  );
  return {
    applied: new Set(rows.flatMap(({ name, isApplied }) => (isApplied ? [name] : []))),
    unfinished: rows.filter(({ isApplied }) => !isApplied),
    oldestBuild: (await exists(session, 'settings')) ? await readSetting(session, oldestBuildSetting) : null,
  };
}

/** Makes the table of the history. Throws an Error of one line when the database has tables of another application. */
export async function beginHistory(session: Session): Promise<void> {
  const { rows } = await session.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class c WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY relname LIMIT 1`,
  );
  if (rows[0]) {
    throw new Error(
      `the database has tables of another application ("${rows[0].name}"); Dramatis needs one of its own`,
    );
  }
  await session.query(historyTable);
}

/** Records, in the transaction of its script, that a migration was applied, and which build it needs. */
export async function recordMigration(session: Session, migration: Migration): Promise<void> {
  const { name, checksum, oldestBuild } = migration;
  // The row comes last, because a migration outside of a transaction is repeated until its row exists.
  if (oldestBuild !== null) await raiseOldestBuild(session, oldestBuild);
  await session.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
     VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
    [randomUUID(), checksum, name],
  );
}

async function raiseOldestBuild(session: Session, build: string): Promise<void> {
  const known = await readSetting(session, oldestBuildSetting);
  if (known !== null && !isOlder(known, build)) return;
  await writeSetting(session, oldestBuildSetting, build);
}

async function exists(session: Session, table: string): Promise<boolean> {
  const { rows } = await session.query<{ isThere: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS "isThere"',
    [table],
  );
  return rows[0]?.isThere ?? false;
}
