import type { SelectedColumn, TextRow } from '../view.ts';
import {
  type Below,
  type Build,
  Extraordinary,
  type Needs,
  NotPlanned,
  type Part,
  type Read,
  type Span,
  together,
} from './plan.ts';

const nothing: Needs = { columns: [], below: [] };

/** The same value for every row. */
export function constantPart(value: string): Part {
  return { ...nothing, builder: () => () => value };
}

/** A member of an object. */
export interface Member<Value> {
  readonly name: string;
  readonly value: Value;
}

/** What `build` makes of the text in one column. */
export function columnPart(column: SelectedColumn, build: (text: string | null) => unknown): Part {
  return {
    columns: [column],
    below: [],
    builder(layout) {
      const place = layout.place(column);
      return (row) => build(row[place] ?? null);
    },
  };
}

/** What `build` makes of the rows that a source below has read for the row. */
export function belowPart(source: Below, build: (read: Read, span: Span) => unknown): Part {
  return {
    columns: source.keys,
    below: [source],
    builder(layout) {
      const index = layout.indexBelow(source);
      return (_, above, read) => {
        const found = readBelow(read, index);
        return build(found, spanOf(found, above));
      };
    },
  };
}

/** An object, of a row. */
export function objectPart(members: readonly Member<Part>[]): Part {
  return {
    ...together(members.map(({ value }) => value)),
    builder: (layout) =>
      buildObject(members.map(({ name, value }) => ({ name, value: value.builder(layout) }))),
  };
}

/** Makes an object of members, in their order. */
export function buildObject<Given extends readonly unknown[]>(
  members: readonly Member<(...given: Given) => unknown>[],
): (...given: Given) => Readonly<Record<string, unknown>> {
  // Assigned to a plain object, this name would be its prototype. graphql-js has objects without one, which are slower.
  if (members.some(({ name }) => name === '__proto__')) throw new NotPlanned('No member is called so.');
  return (...given) => {
    const object: Record<string, unknown> = {};
    for (const { name, value } of members) object[name] = value(...given);
    return object;
  };
}

/** Makes a list of a span of rows. */
export function buildRows(build: Build, read: Read, { start, end }: Span): unknown[] {
  return read.rows.slice(start, end).map((row, index) => build(row, start + index, read));
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
