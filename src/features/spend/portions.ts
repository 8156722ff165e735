import type { Uses } from '../../platform/context.ts';
import type { TextRow } from '../../platform/reads/view.ts';
import { Bytes } from './bytes.ts';

/** The rows of an export: a project's, or all with null, from one day to another; a null day sets no limit. */
export interface Span {
  readonly projectId: string | null;
  readonly from: Date | null;
  /** The last day, which is included. */
  readonly to: Date | null;
  /** How many rows are read at a time. Each portion is a read of its own, so nothing is held open in between. */
  readonly portion: number;
  /** Writes a row as a line of the file. */
  readonly write: (row: readonly Cell[]) => string;
}

/** A value of an export: text, a number that JSON carries exactly, or null. */
export type Cell = string | number | null;

/** A row of an export: a value for each column, in the order of the columns. */
export type ExportRow<Columns extends readonly string[]> = { readonly [Place in keyof Columns]: Cell };

/** The text of rows in portions, in UTF-8. The next portion is read only when it is requested. */
export type Portions = AsyncGenerator<Buffer, void>;

/** Makes a value a parameter of a statement, and returns its place there, as in `$1`. */
export type Bind = (value: string | number) => string;

/**
 * Reads portion after portion. `statement` gets the last row that was read, and must compare exactly the columns of its
 * order with it: then the index begins at that row, and the last portion costs as much as the first one. Each row
 * becomes bytes when it arrives, so its values are garbage at once. When a whole portion of rows or lines is kept, V8
 * moves them to its old generation, which it first collects at 360 MB.
 */
export async function* readPortions<Columns extends readonly string[]>(
  { reader }: Uses<'reader'>,
  { portion, write }: Pick<Span, 'portion' | 'write'>,
  statement: (bind: Bind, after: TextRow | undefined) => string,
  rowOf: (row: TextRow) => ExportRow<Columns>,
): Portions {
  for (let after: TextRow | undefined; ; ) {
    const values: (string | number)[] = [];
    const text = statement((value) => `$${values.push(value)}`, after);
    const bytes = new Bytes();
    let rows = 0;
    await reader.readEach({ text: `${text} LIMIT ${portion}`, values }, (row) => {
      bytes.add(write(rowOf(row)));
      rows += 1;
      after = row;
    });
    yield bytes.written();
    if (rows < portion) return;
  }
}
