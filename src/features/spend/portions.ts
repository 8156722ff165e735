import type { Uses } from '../../platform/context.ts';
import type { TextRow } from '../../platform/reads/view.ts';

/** The rows of an export: a project's, or all with null, from one day to another; a null day sets no limit. */
export interface Span {
  readonly projectId: string | null;
  readonly from: Date | null;
  /** The last day, which is included. */
  readonly to: Date | null;
  /** How many rows are read at a time. Each portion is a read of its own, so nothing is held open in between. */
  readonly portion: number;
}

/** A value of an export: text, a number that JSON carries exactly, or null. */
export type Cell = string | number | null;

/** A row of an export: a value for each column, in the order of the columns. */
export type ExportRow<Columns extends readonly string[]> = { readonly [Place in keyof Columns]: Cell };

/** Rows in portions. The next portion is read only when it is requested. */
export type Portions<Columns extends readonly string[] = readonly string[]> = AsyncGenerator<
  readonly ExportRow<Columns>[],
  void
>;

/** Makes a value a parameter of a statement, and returns its place there, as in `$1`. */
export type Bind = (value: string | number) => string;

/**
 * Reads portion after portion. `statement` gets the last row that was read, and must compare exactly the columns of its
 * order with it: then the index begins at that row, and the last portion costs as much as the first one.
 */
export async function* readPortions<Columns extends readonly string[]>(
  { reader }: Uses<'reader'>,
  limit: number,
  statement: (bind: Bind, after: TextRow | undefined) => string,
  rowOf: (row: TextRow) => ExportRow<Columns>,
): Portions<Columns> {
  for (let after: TextRow | undefined; ; ) {
    const values: (string | number)[] = [];
    const text = statement((value) => `$${values.push(value)}`, after);
    // Planned for its values, because the best plan depends on them: how many days, and of which project.
    const rows = await reader.read({ text: `${text} LIMIT ${limit}`, values, isPlannedAnew: true });
    yield rows.map(rowOf);
    after = rows.at(-1);
    if (rows.length < limit) return;
  }
}
