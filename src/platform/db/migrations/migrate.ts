import { toError } from '../../../errors.ts';
import type { Logger } from '../../../logger.ts';
import { addressOf } from '../connections/failure.ts';
import { isTransient } from '../transient.ts';
import { applyMigration } from './apply-migration.ts';
import { buildVersion, isOlder } from './build.ts';
import { beginHistory, type History, readHistory } from './history.ts';
import { type Migration, readMigrations } from './read-migrations.ts';
import { openSession, type Session, takeTurn } from './session.ts';
import { settleUnfinished } from './settle-unfinished.ts';

/*
 * Migrations are applied by one session of this process, not by Prisma's engine. The engine writes a row, runs the
 * script and ends the row in three transactions, and refuses each later start when it is killed between them. Here the
 * script and its row commit together. The session that migrates has the advisory lock, so the lock lasts as long as
 * its work, also after its process is gone; the next start waits for it, and logs that. The table has Prisma's name and
 * columns, so Prisma's tools can read it.
 *
 * Older builds may have left rows unfinished. Such a row counts as applied when the database has the objects that the
 * script creates. Version 0.1.0 ran its first script statement by statement, so it may be half done; no server has used
 * such a database, and its objects are dropped.
 *
 * The oldest build that works on a database is a setting in it, which each build reads at its start. So a build need
 * not know a migration to know that it is too old. Version 0.1.0 does not read the setting; a trigger refuses its first
 * write at a start, with a message that gives the reason.
 */

const silent = { info: () => undefined, warn: () => undefined };

/** Other work that one process at a time does on a database around the migrations, which `apply` applies. */
export type AroundMigrations = (session: Session, apply: () => Promise<void>) => Promise<void>;

/**
 * Applies the missing migrations and resolves to their names. When several processes start together, one applies them
 * and the others wait. After an interruption each migration is applied completely or not at all, and the next start
 * applies the rest. Throws an Error of one line when the database does not answer, needs a newer build, or refuses a
 * script.
 */
export async function migrate(
  databaseUrl: string,
  directory: string,
  {
    log = silent,
    signal = new AbortController().signal,
    build = buildVersion,
    around = (_, apply) => apply(),
  }: {
    log?: Pick<Logger, 'info' | 'warn'>;
    signal?: AbortSignal;
    build?: string;
    around?: AroundMigrations;
  } = {},
): Promise<string[]> {
  const migrations = await readMigrations(directory);
  const session = await openSession(databaseUrl);
  let current: Migration | undefined;
  try {
    await takeTurn(session, log, signal);
    const known = await knownHistory(session, migrations, log, build);
    const missing = migrations.filter(({ name }) => !known?.applied.has(name));
    if (missing.length > 0) {
      await requireRights(session);
      log.info({ missing: missing.length }, 'migrating the database');
    }
    await around(session, async () => {
      if (!known) await beginHistory(session);
      const applying = { session, databaseUrl, log, signal };
      for (const [index, migration] of missing.entries()) {
        current = migration;
        await applyMigration(applying, migration, `${index + 1} of ${missing.length}`);
      }
      current = undefined;
    });
    return missing.map(({ name }) => name);
  } catch (error) {
    signal.throwIfAborted();
    throw explained(error, current, databaseUrl);
  } finally {
    await session.end().catch(() => undefined);
  }
}

/** The history of a database that this build may use, without unfinished rows; null in a database that has none. */
async function knownHistory(
  session: Session,
  migrations: readonly Migration[],
  log: Pick<Logger, 'info' | 'warn'>,
  build: string,
): Promise<History | null> {
  const history = await readHistory(session);
  if (!history) return null;
  const { oldestBuild, applied, unfinished } = history;
  if (oldestBuild !== null && isOlder(build, oldestBuild)) {
    throw new Error(
      `the database was migrated by a newer version, and needs Dramatis ${oldestBuild} or newer; this is ${build}`,
    );
  }
  const unknown = [...applied].filter((name) => !migrations.some((each) => each.name === name));
  if (unknown.length > 0)
    log.info({ unknown }, 'the database has migrations of a newer version, which this one works with');
  if (unfinished.length === 0) return history;
  await settleUnfinished(session, history, migrations, log);
  return readHistory(session);
}

/**
 * Checks also the right to make a schema, because the job queue makes one after the migrations and must not fail then.
 */
async function requireRights(session: Session): Promise<void> {
  const { rows } = await session.query<{ user: string; database: string; mayCreate: boolean }>(
    `SELECT current_user AS "user", current_database() AS database, coalesce(has_schema_privilege(current_schema(), 'CREATE'), true)
       AND (to_regnamespace('pgboss') IS NOT NULL OR has_database_privilege(current_database(), 'CREATE')) AS "mayCreate"`,
  );
  const [{ user, database, mayCreate } = { user: '', database: '', mayCreate: true }] = rows;
  if (mayCreate) return;
  throw new Error(
    `the database user "${user}" may not create tables: grant it CREATE on the database "${database}" and on its schema public, or set MIGRATION_DATABASE_URL to a user that may`,
  );
}

/** The error as one line that names the migration. */
function explained(error: unknown, migration: Migration | undefined, databaseUrl: string): Error {
  const { message } = toError(error);
  const options = { cause: error };
  if (!migration) {
    return isTransient(error)
      ? new Error(`the database at ${addressOf(databaseUrl)} does not answer: ${message}`, options)
      : toError(error);
  }
  if (isTransient(error)) {
    return new Error(
      `migration ${migration.name} was interrupted (${message}): it was applied completely or not at all, and the next start continues`,
      options,
    );
  }
  return new Error(`migration ${migration.name} failed and has changed nothing: ${message}`, options);
}
