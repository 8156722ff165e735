import type { Slice } from '../list.ts';
import type { Reader } from '../reader.ts';
import type { SelectedColumn, TextRow } from '../view.ts';

/*
 * A query that says what it reads is answered by a plan instead of resolvers. The terms, from the table to the answer:
 *
 * - A view is a table as rows of one type (`view.ts`). A list is the rows of a view that belong to a row above, in an
 *   order (`list.ts`). A slice is the part of a list that a page asks for.
 * - A row is the text that Postgres sends for the selected columns. A column's place is its index in the row.
 * - A source is one statement. It reads some columns of some rows, for all rows of the source above it at once
 *   (`source.ts`). A root is the source at the beginning of a document.
 * - A part describes a field of a row in the answer: the columns that it needs, the sources below, and how its value is
 *   built once both have their places (`describe.ts`). Parts are values: nothing changes while they are put together.
 * - A plan is the roots of one operation and the functions that build objects of their rows. It is made once and kept
 *   (`planner.ts`).
 * - A run is one execution of a plan. A read is what one source has read in it. A span says which of those rows belong to
 *   one row above.
 *
 * So a document goes this way: what is selected (`selections.ts`), parts (`describe.ts`), sources (`source.ts`), statements
 * (`list.ts`), objects (`build.ts`). Each step knows the one before it and none behind it.
 *
 * A plan never says what is wrong. Anything out of the ordinary, from a missing row to a cursor that is none, ends it, and
 * graphql-js executes the query with the resolvers, which say it as they always do. The answers of both are compared byte by
 * byte, also for documents that are drawn at random from the schema.
 *
 * A plan asks at its root whether the viewer may read what the owner of the row has, and binds every row that it is led to
 * to the owners for which it has asked (`Boundary`). A source whose rows have another rule asks that rule first, for each
 * of these owners (`enter`).
 *
 * Where the next thing goes: another order of lists is a line in `orders` (`list.ts`); another beginning of documents is a
 * kind of root (`root.ts`); a trace of each statement belongs in the reader, through which all of them go; another
 * transport asks the planner and gets `data`, as graphql-js has it.
 *
 * What was tried instead, as CPU beside this engine in one process, with the statements and the reader of this one:
 *
 * - Text that is put together instead of objects and `JSON.stringify`: a tenth less for the library query, 3 % for ids
 *   and names, nothing for one character. It was the way before, and is not worth its code.
 * - Grafast 1.1.3, whose plans are made of steps for each field: 1.8 times as much for the library query, twice for ids and
 *   names. It needs Node 22, and replaces the parts and the selections, not the statements.
 */

/** One execution of a plan. */
export interface Run {
  readonly reader: Reader;
  /** As resolvers get it. */
  readonly ctx: object;
  /** Coerced. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Rows are followed to rows of these owners alone, where their view has this column. */
export interface Boundary {
  readonly column: string;
  /** Each once. The viewer may read all of them. */
  readonly owners: readonly string[];
  /** The rule by which the viewer may read them; another rule is asked again. */
  readonly rule: string | null;
}

/** Some neighbouring rows of a read: from `start` on, up to `end`, which is none of them. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What one source has read in a run. */
export interface Read {
  readonly run: Run;
  readonly rows: readonly TextRow[];
  /** For each row above, which rows belong to it. */
  readonly spans: readonly Span[];
  /** What was asked for of each list, where it is a list. */
  readonly slice: Slice | null;
  /** What a function has found for each row above, where it is a function. */
  readonly values?: readonly unknown[];
  /** What the sources below have read, in the source's order. */
  readonly below: readonly Read[];
}

/** Makes JSON's value of a row. `index` is the row's own in `read.rows`. */
export type Build = (row: TextRow, index: number, read: Read) => unknown;

/** Where a source has what its parts need. */
export interface Layout {
  /** The index of a column in each row. */
  place(column: SelectedColumn): number;
  /** The index of a source below in `Read.below`. */
  indexBelow(source: Below): number;
}

/** A source that reads what belongs to the rows of the one above. */
export interface Below {
  /** The columns that it needs of the rows above. */
  readonly keys: readonly SelectedColumn[];
  /** Throws Extraordinary, and whatever refuses an argument. */
  read(run: Run, above: Above): Promise<Read>;
}

/** The rows for which a source reads. */
export interface Above {
  readonly rows: readonly TextRow[];
  readonly layout: Layout;
  readonly boundary: Boundary;
}

/** What must be read for a field of a row. */
export interface Needs {
  readonly columns: readonly SelectedColumn[];
  readonly below: readonly Below[];
}

/** A field of a row in the answer. */
export interface Part extends Needs {
  builder(layout: Layout): Build;
}

/** The needs of several parts together. */
export function together(needs: readonly Needs[]): Needs {
  return {
    columns: needs.flatMap(({ columns }) => columns),
    below: needs.flatMap(({ below }) => below),
  };
}

/** A document that is not compiled: something it asks for does not say what it reads. */
export class NotPlanned extends Error {}

/** Something that only happens when not all is well. The plan ends, and the resolvers say what is wrong. */
export class Extraordinary extends Error {}
