import type { Kept } from './load-definitions.ts';
import { type Definition, titleOf } from './read-definitions.ts';

/*
 * A migration shows only what changed, so today's text of a function would be spread over the history.
 * `prisma/functions`, `prisma/triggers` and `prisma/views` have it, with the reason why it is in SQL. A file and the
 * database are compared by the text that Postgres prints for both (`pg_get_functiondef` and similar functions), each
 * from a database of its own, because the text of a view or trigger is not stored as it was written. A migration's
 * script contains the text of its day, so it does the same on each database, whatever the files contain later.
 */

/** The changes that turn the definitions of a database into those of the files. */
export interface Differences {
  /** Definitions that have to be made or replaced, in the order in which they were loaded. */
  readonly made: readonly (Kept & { readonly held: Definition | undefined })[];
  /** Definitions that the database has and no file has. */
  readonly removed: readonly Definition[];
}

/** Compares by Postgres' own text, so that spaces and the way of quoting make no difference. */
export function compareDefinitions(held: readonly Definition[], kept: readonly Kept[]): Differences {
  const heldBy = new Map(held.map((each) => [titleOf(each), each]));
  const titles = new Set(kept.map(titleOf));
  return {
    made: kept
      .map((each) => ({ ...each, held: heldBy.get(titleOf(each)) }))
      .filter((each) => each.held?.text !== each.text),
    removed: held.filter((each) => !titles.has(titleOf(each))),
  };
}

/** One line for each difference, which names the file. */
export function describeDifferences({ made, removed }: Differences): string[] {
  return [
    ...made.map(
      (each) =>
        `prisma/${each.file}: ${titleOf(each)} ${each.held ? 'differs from that of' : 'is not in'} the migrated database`,
    ),
    ...removed.map(
      (each) => `prisma/${each.file}: ${titleOf(each)} is in the migrated database, but in no file`,
    ),
  ];
}

/** A migration: the change of the tables, and around it the changes of definitions. Empty when nothing differs. */
export function writeScript(tables: string, { made, removed }: Differences): string {
  const replaced = made.filter(({ held, fixed }) => held && held.fixed !== fixed);
  // Triggers and views go first: they may depend on a column that the tables lose. Functions go last: until the end a
  // trigger or a view may still call them.
  const early = [...removed, ...replaced].filter(({ kind }) => kind !== 'FUNCTION');
  const late = removed.filter(({ kind }) => kind === 'FUNCTION');
  const drop = (each: Definition) => `DROP ${titleOf(each)};`;
  return [
    ...early.map(drop),
    tables.trim(),
    ...(made.some(({ kind }) => kind === 'FUNCTION')
      ? ['-- A function may call one that is made after it.\nSET LOCAL check_function_bodies = off;']
      : []),
    ...made.map((each) =>
      [
        `-- As in prisma/${each.file}.`,
        ...(each.kind === 'FUNCTION' && replaced.includes(each) ? [drop(each)] : []),
        each.statement,
      ].join('\n'),
    ),
    ...late.map(drop),
  ]
    .filter((part) => part !== '')
    .map((part) => `${part}\n`)
    .join('\n');
}
