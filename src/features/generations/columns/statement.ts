import type { Generation as GenerationRow } from '../../../platform/db/generated/client.ts';
import { tables } from '../../../platform/reads/generated/tables.ts';

/*
 * A run's columns have the row's names everywhere in TypeScript. Only this file changes them to the table's names, and
 * back.
 */

const columnNames = new Map(
  Object.entries(tables.Generation.columns).map(([name, column]) => [name, column.name]),
);
const rowNames = new Map([...columnNames].map(([name, column]) => [column, name]));

/** Values by the table's own names, in a form that becomes JSON as `jsonb_populate_record` reads it. */
export function writeColumns(values: { readonly [Name in keyof GenerationRow]?: unknown }): object {
  const written = Object.entries(values).map(([name, value]) => [
    nameIn(columnNames, name),
    typeof value === 'bigint' ? value.toString() : value,
  ]);
  return Object.fromEntries(written);
}

/** A row as SQL returns it, with the names that Prisma gives its columns. */
export function readRow(columns: object): GenerationRow {
  const named = Object.entries(columns).map(([column, value]) => [nameIn(rowNames, column), value]);
  return Object.fromEntries(named);
}

function nameIn(names: ReadonlyMap<string, string>, name: string): string {
  const found = names.get(name);
  if (found === undefined) throw new Error(`A run has no column ${name}.`);
  return found;
}
