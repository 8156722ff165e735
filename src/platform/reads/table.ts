import type { Column } from './column.ts';

/** A table: all of its columns, by the names that they have in a row. */
export interface Table<Row> {
  readonly name: string;
  readonly columns: { readonly [Name in keyof Row]-?: Column<Row[Name]> };
}

/** Describes a table. The compiler refuses a missing column, and one that becomes another value than the row has. */
export function table<Row>(name: string, columns: Table<Row>['columns']): Table<Row> {
  return { name, columns };
}
