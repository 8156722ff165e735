/** The rows of an export: a project's, or all with null, from one day to another; a null day sets no limit. */
export interface Span {
  readonly projectId: string | null;
  readonly from: Date | null;
  /** The last day, which is included. */
  readonly to: Date | null;
  /** How many rows are read at a time. Each portion is a read of its own, so nothing is held open in between. */
  readonly portion: number;
}

/** A row of an export: its values are text, numbers that JSON carries exactly, or null. */
export type ExportRow<Columns extends readonly string[]> = Readonly<
  Record<Columns[number], string | number | null>
>;

/** Rows in portions. The next portion is read only when it is requested. */
export type Portions<Columns extends readonly string[] = readonly string[]> = AsyncGenerator<
  ExportRow<Columns>[],
  void
>;
