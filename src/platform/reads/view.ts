import type { Column } from './column.ts';
import type { Table } from './table.ts';

/** What a reader gets of a row: Postgres' text of what was selected, in that order. */
export type TextRow = readonly (string | null)[];

/** A column as statements know it. */
export type SelectedColumn = Column<unknown>;

/** A table as rows of one type: every column of it, by the row's own names. */
export interface View<Row extends { readonly id: string } = { readonly id: string }> {
  readonly table: string;
  readonly columns: ReadonlyMap<string, SelectedColumn>;
  /** A row, whole, from the texts of all columns in the order of `columns`. */
  parse(texts: TextRow): Row;
}

/** A table as lists and plans read it. */
export function view<Row extends { readonly id: string }>({ name: table, columns }: Table<Row>): View<Row> {
  const selected = Object.entries<SelectedColumn>(columns);
  return {
    table,
    columns: new Map(selected),
    parse(texts) {
      const values = selected.map(([name, column], index) => [name, readValue(column, texts[index] ?? null)]);
      // What `columns` promised, name by name, is more than the type of fromEntries says.
      return Object.fromEntries(values) as Row;
    },
  };
}

/** A column's value from its text. */
export function readValue({ parse }: Column<unknown>, text: string | null): unknown {
  return text === null ? null : parse(text);
}

/** What a statement calls a column of a view. */
export function sqlOf({ table, columns }: View, name: string): string {
  const column = columns.get(name);
  if (!column) throw new Error(`${table} has no ${name}.`);
  return column.sql;
}
