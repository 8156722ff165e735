import type { Logger } from '../../../logger.ts';
import type { History } from './history.ts';
import type { Migration } from './read-migrations.ts';
import type { Session } from './session.ts';

/*
 * An older build wrote a migration's row, ran its script and ended the row in three transactions. When it was killed
 * between them, the row does not show whether the script ran. The objects that the script makes show it.
 */
const makes = /(?:^CREATE (?:UNIQUE )?(TABLE|TYPE|INDEX|VIEW|FUNCTION)|ADD CONSTRAINT) "(\w+)"/gm;

/** Ends the rows that interrupted starts of older builds have left: as finished when their script took effect. */
export async function settleUnfinished(
  session: Session,
  history: History,
  migrations: readonly Migration[],
  log: Pick<Logger, 'warn'>,
): Promise<void> {
  const applied = new Set(history.applied);
  for (const { id, name } of history.unfinished) {
    const migration = migrations.find((each) => each.name === name);
    // A migration that only a newer build knows is left to that build.
    if (!migration) continue;
    const isApplied = !applied.has(name) && (await tookEffect(session, migration, history));
    await session.query(
      isApplied
        ? 'UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1, logs = NULL WHERE id = $1'
        : 'UPDATE _prisma_migrations SET rolled_back_at = now() WHERE id = $1',
      [id],
    );
    if (isApplied) applied.add(name);
    log.warn(
      { migration: name },
      isApplied
        ? 'a migration that was interrupted had taken effect: it counts as applied'
        : 'a migration that was interrupted had not taken effect: it is applied again',
    );
  }
}

async function tookEffect(session: Session, migration: Migration, history: History): Promise<boolean> {
  const { name, script } = migration;
  const made = [...script.matchAll(makes)]
    .map(([, kind = '', object = '']) => ({ kind, object }))
    .filter(({ object }) => !script.includes(`DROP INDEX "${object}"`));
  const { rows } = await session.query<{ present: string[] }>(
    `SELECT coalesce(array_agg(object), '{}') AS present FROM unnest($1::text[]) AS object
     WHERE EXISTS (SELECT FROM pg_class WHERE relname = object AND relnamespace = current_schema()::regnamespace)
       OR EXISTS (SELECT FROM pg_type WHERE typname = object AND typnamespace = current_schema()::regnamespace)
       OR EXISTS (SELECT FROM pg_proc WHERE proname = object AND pronamespace = current_schema()::regnamespace)
       OR EXISTS (SELECT FROM pg_constraint WHERE conname = object AND connamespace = current_schema()::regnamespace)`,
    [made.map(({ object }) => object)],
  );
  const present = rows[0]?.present ?? [];
  if (present.length === 0 && made.length > 0) return false;
  if (present.length === made.length && made.length > 0) return true;
  if (history.applied.size > 0) {
    throw new Error(
      `migration ${name} was interrupted, and its objects do not show whether it took effect; find out whether it did, ` +
        'and record it with "prisma migrate resolve"',
    );
  }
  // Version 0.1.0 ran its first script statement by statement. No server has used a database that is half made.
  const drops = ['TABLE', 'TYPE'].flatMap((wanted) => {
    const objects = made.flatMap(({ kind, object }) => (kind === wanted ? [`"${object}"`] : []));
    return objects.length > 0 ? [`DROP ${wanted} IF EXISTS ${objects.join(', ')}`] : [];
  });
  await session.query(drops.join(';'));
  return false;
}
