import type { Slice } from '../list.ts';
import type { Reader } from '../reader.ts';
import type { TextRow } from '../view.ts';

/** What one statement of a plan has read. */
export interface Read {
  readonly rows: readonly TextRow[];
  /** For each row of the parent: where its own rows begin and end. */
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** The page asked for, where it is one. */
  readonly slice: Slice | null;
}

export const nothingRead: Read = { rows: [], from: [], to: [], slice: null };

/** One execution of a plan. */
export interface Run {
  readonly reader: Reader;
  /** As resolvers get it. */
  readonly ctx: object;
  /** Coerced. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** By the source's index. */
  readonly reads: Read[];
  /** The project that each root's rows are of, by the root's index. */
  readonly projects: string[];
}

/** A row as JSON text: the row, its place among its source's rows, and the execution it belongs to. */
export type Write = (row: TextRow, at: number, run: Run) => string;

/** A document that is not compiled: something it asks for does not say what it reads. */
export class NotPlanned extends Error {}

/** Something that only happens when not all is well. Whoever meets it stops: the resolvers say what is wrong. */
export class Extraordinary extends Error {}
