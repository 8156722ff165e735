import type { TextRow } from '../view.ts';
import { Extraordinary, type Needs, type Part, type Read, type Span, together, type Write } from './plan.ts';

const nothing: Needs = { columns: [], below: [] };

/** The same text for every row. */
export function constantPart(text: string): Part {
  return { ...nothing, writer: () => () => text };
}

/** A member of an object: its name as in `"name":`, and what is written behind it. */
export interface Member<Value> {
  readonly key: string;
  readonly value: Value;
}

/** An object, of a row. */
export function objectPart(members: readonly Member<Part>[]): Part {
  return {
    ...together(members.map(({ value }) => value)),
    writer: (layout) => writeObject(members.map(({ key, value }) => ({ key, value: value.writer(layout) }))),
  };
}

/** Writes the members of an object, in their order. */
export function writeObject<Given extends readonly unknown[]>(
  members: readonly Member<(...given: Given) => string>[],
): (...given: Given) => string {
  const parts = members.map(({ key, value }, index) => ({ before: (index === 0 ? '{' : ',') + key, value }));
  if (parts.length === 0) return () => '{}';
  return (...given) => {
    let text = '';
    for (const { before, value } of parts) text += before + value(...given);
    return `${text}}`;
  };
}

/** Writes a span of rows as a list. */
export function writeRows(write: Write, read: Read, { start, end }: Span): string {
  let text = '[';
  for (let index = start; index < end; index += 1) {
    if (index > start) text += ',';
    text += write(rowAt(read.rows, index), index, read);
  }
  return `${text}]`;
}

/** A row by its index. Throws Extraordinary where there is none. */
export function rowAt(rows: readonly TextRow[], index: number): TextRow {
  return rows[index] ?? missing();
}

/** What the source below with this index has read. Throws Extraordinary. */
export function readBelow({ below }: Read, index: number): Read {
  return below[index] ?? missing();
}

/** Which rows of a read belong to the row above with this index. Throws Extraordinary. */
export function spanOf({ spans }: Read, indexAbove: number): Span {
  return spans[indexAbove] ?? missing();
}

function missing(): never {
  throw new Extraordinary('Something was not read.');
}
