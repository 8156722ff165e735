import type { List } from '../list.ts';
import { orderOf } from '../list.ts';
import { encodeCursor, pageBounds } from '../page.ts';
import type { View } from '../view.ts';
import { CountSource, ListSource } from './list-source.ts';
import { type Layout, NotPlanned, type Part, type Read, together, type Write } from './plan.ts';
import { argumentsOf, type Selected } from './selections.ts';
import { columnOf } from './source.ts';
import {
  constantPart,
  type Member,
  objectPart,
  readBelow,
  rowAt,
  spanOf,
  writeObject,
  writeRows,
} from './write.ts';

/** What of the list's rows is one page, and what is beside it. */
type Page = ReturnType<typeof pageOf>;

/** Something that is written of a page. */
interface PagePart {
  /** What is written of each of its rows. */
  readonly rows: readonly Part[];
  /** Whether it depends on the row behind the page. */
  readonly needsNext?: boolean;
  /** Whether it depends on the number of all rows. */
  readonly needsCount?: boolean;
  writer(layout: Layout): (page: Page) => string;
}

/** Describes a connection: a page of a list, in the members that the document selects; `describeItem` describes its rows. */
export function describeConnection(
  view: View,
  selected: Selected,
  list: List,
  describeItem: (item: Selected) => Part,
): Part {
  const describeEdge = (edge: Selected) =>
    objectPart(membersOf(edge, { cursor: () => cursorPart(list), node: describeItem }, constantPart));
  const part = pageObject(selected, {
    nodes: (each) => itemsPart(describeItem(each)),
    edges: (each) => itemsPart(describeEdge(each)),
    pageInfo: (each) => describePageInfo(list, each),
    totalCount: () => countPart,
  });
  const args = argumentsOf(selected);
  const extent = { needsNext: part.needsNext === true };
  const source = new ListSource(list, view, args, together(part.rows), extent);
  const count = part.needsCount ? new CountSource(list, view, args) : null;
  const write = part.writer(source);
  return {
    columns: source.keys,
    below: count ? [source, count] : [source],
    writer(layout) {
      const [rowsBelow, countBelow] = [layout.indexBelow(source), count && layout.indexBelow(count)];
      return (_, index, read) => {
        const count = countBelow === null ? null : rowAt(readBelow(read, countBelow).rows, index);
        return write(pageOf(readBelow(read, rowsBelow), index, count?.[0] ?? '0'));
      };
    },
  };
}

function pageOf(read: Read, index: number, count: string) {
  if (!read.slice) throw new NotPlanned('A page was not read.');
  const { start, end } = spanOf(read, index);
  const bounds = pageBounds(read.slice, end - start);
  return { ...bounds, read, count, start: start + bounds.start, end: start + bounds.end };
}

/** An object of a connection's: each of its members is made by the function of its name. */
function pageObject(
  selected: Selected,
  describe: Readonly<Record<string, (selected: Selected) => PagePart>>,
): PagePart {
  const parts = membersOf(selected, describe, (text) => ({ rows: [], writer: () => () => text }));
  return {
    rows: parts.flatMap(({ value }) => value.rows),
    needsNext: parts.some(({ value }) => value.needsNext),
    needsCount: parts.some(({ value }) => value.needsCount),
    writer: (layout) => writeObject(parts.map(({ key, value }) => ({ key, value: value.writer(layout) }))),
  };
}

function membersOf<Value>(
  { type, below }: Selected,
  describe: Readonly<Record<string, (selected: Selected) => Value>>,
  constant: (text: string) => Value,
): Member<Value>[] {
  return below.map((each) => {
    if (each.name === '__typename') return { key: each.key, value: constant(JSON.stringify(type?.name)) };
    const make = describe[each.name];
    if (!make) throw new NotPlanned(`${type?.name}.${each.name} is not of a connection.`);
    return { key: each.key, value: make(each) };
  });
}

/** All rows of the page, as a list. */
function itemsPart(part: Part): PagePart {
  return {
    rows: [part],
    writer(layout) {
      const write = part.writer(layout);
      return (page) => writeRows(write, page.read, page);
    },
  };
}

function describePageInfo(list: List, selected: Selected): PagePart {
  return pageObject(selected, {
    hasNextPage: () => sidePart(({ hasNextPage }) => hasNextPage),
    hasPreviousPage: () => sidePart(({ hasPreviousPage }) => hasPreviousPage),
    startCursor: () => endPart(list, ({ start }) => start),
    endCursor: () => endPart(list, ({ end }) => end - 1),
  });
}

function sidePart(side: (page: Page) => boolean): PagePart {
  return { rows: [], needsNext: true, writer: () => (page) => String(side(page)) };
}

/** The cursor of the first row or the last; null of an empty page. */
function endPart(list: List, indexOf: (page: Page) => number): PagePart {
  const cursor = cursorPart(list);
  return {
    rows: [cursor],
    writer(layout) {
      const write = cursor.writer(layout);
      return (page) => {
        if (page.start === page.end) return 'null';
        const index = indexOf(page);
        return write(rowAt(page.read.rows, index), index, page.read);
      };
    },
  };
}

function cursorPart(list: List): Part {
  const [by, id] = [columnOf(list.view, list.by), columnOf(list.view, 'id')];
  const { write } = orderOf(list);
  return {
    columns: [by, id],
    below: [],
    writer(layout): Write {
      const [byPlace, idPlace] = [layout.place(by), layout.place(id)];
      return (row) => `"${encodeCursor({ at: write(row[byPlace] ?? ''), id: row[idPlace] ?? '' })}"`;
    },
  };
}

const countPart: PagePart = { rows: [], needsCount: true, writer: () => (page) => page.count };
