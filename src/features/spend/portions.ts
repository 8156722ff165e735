/** What an export is about: a project, or null for all of them, and days of its own; null where it is open. */
export interface Span {
  readonly projectId: string | null;
  readonly from: Date | null;
  /** The last day. */
  readonly to: Date | null;
  /** How many rows are read at a time. Each portion is a read of its own: nothing is held in between. */
  readonly portion: number;
}

/** A row as it is told: text, numbers that JSON carries exactly, or nothing. */
export type Told<Columns extends readonly string[]> = Readonly<
  Record<Columns[number], string | number | null>
>;

/** Rows, some at a time; the next ones are only read when they are asked for. */
export type Portions<Columns extends readonly string[] = readonly string[]> = AsyncGenerator<
  Told<Columns>[],
  void
>;
