import type { GraphQLObjectType } from 'graphql';
import type { TextRow } from '../view.ts';
import { nothingRead, type Run, type Write } from './run.ts';
import type { Selected, Selections } from './selections.ts';
import type { Source } from './source.ts';

/** Whoever compiles what is selected of rows. */
export interface RowCompiler {
  readonly selections: Selections;
  /** Writes a source's rows as objects of a type. */
  rowsOf(source: Source, type: GraphQLObjectType, selected: readonly Selected[]): Write;
}

/** A member of an object. */
export interface Member {
  /** As in `"name":`. */
  readonly key: string;
  readonly write: Write;
}

/** An object, of a row. */
export function writeObject(members: readonly Member[]): Write {
  const parts = members.map(({ key, write }, index) => ({ before: (index === 0 ? '{' : ',') + key, write }));
  if (parts.length === 0) return () => '{}';
  return (row, at, run) => {
    let text = '';
    for (const { before, write } of parts) text += before + write(row, at, run);
    return `${text}}`;
  };
}

/** The rows of a list that belong to a row of its parent. */
export function writeItems({ index }: Source, write: Write): Write {
  return (_, at, run) => {
    const { rows, from, to } = run.reads[index] ?? nothingRead;
    return writeRows(rows, from[at] ?? 0, to[at] ?? 0, write, run);
  };
}

/** Some rows, as a list. */
export function writeRows(
  rows: readonly TextRow[],
  from: number,
  to: number,
  write: Write,
  run: Run,
): string {
  let text = '[';
  for (let at = from; at < to; at += 1) {
    if (at > from) text += ',';
    text += write(rows[at] ?? [], at, run);
  }
  return `${text}]`;
}
