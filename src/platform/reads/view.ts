import type { Column } from './column.ts';

/** What a reader gets of a row: Postgres' text of what was selected, in that order. */
export type TextRow = readonly (string | null)[];

/** A column as statements know it. */
export interface SelectedColumn extends Column<unknown> {
  /** As in `t."created_at"`: in every statement of ours a view's rows are called `t`. */
  readonly sql: string;
}

/** A table as rows of one type: every column of it, by the row's own names. */
export interface View<Row extends { readonly id: string } = { readonly id: string }> {
  readonly table: string;
  readonly columns: ReadonlyMap<string, SelectedColumn>;
  /** A row, whole, from the texts of all columns in the order of `columns`. */
  parse(texts: TextRow): Row;
}

/** Describes a table. The types make sure that no column is missing and each is what the row says it is. */
export function view<Row extends { readonly id: string }>(
  table: string,
  columns: { readonly [Name in keyof Row]-?: Column<Row[Name]> },
): View<Row> {
  const selected = Object.entries<Column<unknown>>(columns).map(
    ([name, column]) => [name, { ...column, sql: selectOf(name, column) }] as const,
  );
  return {
    table,
    columns: new Map(selected),
    parse(texts) {
      const values = selected.map(([name, column], index) => [name, readValue(column, texts[index] ?? null)]);
      // What `columns` promised, name by name, is more than fromEntries can tell.
      return Object.fromEntries(values) as Row;
    },
  };
}

/** A column's value from its text. */
export function readValue({ parse }: Column<unknown>, text: string | null): unknown {
  return text === null ? null : parse(text);
}

/** A column's own name: `createdAt` is `created_at`. */
export function columnName(name: string): string {
  return `t."${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}"`;
}

function selectOf(name: string, { select }: Column<unknown>): string {
  return select ? select(columnName(name)) : columnName(name);
}
