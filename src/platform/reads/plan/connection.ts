import type { List } from '../list.ts';
import { cursorsOf, pageBounds } from '../page.ts';
import type { View } from '../view.ts';
import {
  buildObject,
  buildRows,
  constantPart,
  type Member,
  objectPart,
  readBelow,
  rowAt,
  spanOf,
} from './build.ts';
import { CountSource, type Listed, ListSource } from './list-source.ts';
import {
  type Build,
  Extraordinary,
  type Layout,
  NotPlanned,
  type Part,
  type Read,
  together,
} from './plan.ts';
import { argumentsOf, type Selected } from './selections.ts';
import { columnOf } from './source.ts';

/** What of the list's rows is one page, and what is beside it. */
type Page = ReturnType<typeof pageOf>;

/** A field of a page in the answer. */
interface PagePart {
  /** The parts of each of its rows in the answer. */
  readonly rows: readonly Part[];
  /** Whether it depends on the row behind the page. */
  readonly needsNext?: boolean;
  /** Whether it depends on the number of all rows. */
  readonly needsCount?: boolean;
  builder(layout: Layout): (page: Page) => unknown;
}

/** Describes a connection: a page of a list, in the members that the document selects; `describeItem` describes its rows. */
export function describeConnection(
  view: View,
  selected: Selected,
  listed: Listed,
  describeItem: (item: Selected) => Part,
): Part {
  const { list } = listed;
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
  const source = new ListSource(listed, view, args, together(part.rows), extent);
  const count = part.needsCount ? new CountSource(listed, view, args) : null;
  const build = part.builder(source);
  return {
    columns: source.keys,
    below: count ? [source, count] : [source],
    builder(layout) {
      const [rowsBelow, countBelow] = [layout.indexBelow(source), count && layout.indexBelow(count)];
      return (_, index, read) => {
        const count = countBelow === null ? null : rowAt(readBelow(read, countBelow).rows, index);
        return build(pageOf(readBelow(read, rowsBelow), index, Number(count?.[0] ?? 0)));
      };
    },
  };
}

function pageOf(read: Read, index: number, count: number) {
  if (!read.slice) throw new Extraordinary('A page was not read.');
  const { start, end } = spanOf(read, index);
  const bounds = pageBounds(read.slice, end - start);
  return { ...bounds, read, count, start: start + bounds.start, end: start + bounds.end };
}

/** An object of a connection's: each of its members is made by the function of its name. */
function pageObject(
  selected: Selected,
  describe: Readonly<Record<string, (selected: Selected) => PagePart>>,
): PagePart {
  const parts = membersOf(selected, describe, (text) => ({ rows: [], builder: () => () => text }));
  return {
    rows: parts.flatMap(({ value }) => value.rows),
    needsNext: parts.some(({ value }) => value.needsNext),
    needsCount: parts.some(({ value }) => value.needsCount),
    builder: (layout) =>
      buildObject(parts.map(({ name, value }) => ({ name, value: value.builder(layout) }))),
  };
}

function membersOf<Value>(
  { type, below }: Selected,
  describe: Readonly<Record<string, (selected: Selected) => Value>>,
  constant: (text: string) => Value,
): Member<Value>[] {
  return below.map((each) => {
    if (each.name === '__typename') return { name: each.key, value: constant(type?.name ?? '') };
    const make = describe[each.name];
    if (!make) throw new NotPlanned(`${type?.name}.${each.name} is not of a connection.`);
    return { name: each.key, value: make(each) };
  });
}

/** All rows of the page, as a list. */
function itemsPart(part: Part): PagePart {
  return {
    rows: [part],
    builder(layout) {
      const build = part.builder(layout);
      return (page) => buildRows(build, page.read, page);
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
  return { rows: [], needsNext: true, builder: () => (page) => side(page) };
}

/** The cursor of the first row or the last; null of an empty page. */
function endPart(list: List, indexOf: (page: Page) => number): PagePart {
  const cursor = cursorPart(list);
  return {
    rows: [cursor],
    builder(layout) {
      const build = cursor.builder(layout);
      return (page) => {
        if (page.start === page.end) return null;
        const index = indexOf(page);
        return build(rowAt(page.read.rows, index), index, page.read);
      };
    },
  };
}

function cursorPart(list: List): Part {
  const [by, id] = [columnOf(list.view, list.by), columnOf(list.view, 'id')];
  const write = cursorsOf(list);
  return {
    columns: [by, id],
    below: [],
    builder(layout): Build {
      const [byPlace, idPlace] = [layout.place(by), layout.place(id)];
      return (row) => write(row[byPlace] ?? '', row[idPlace] ?? '');
    },
  };
}

const countPart: PagePart = { rows: [], needsCount: true, builder: () => (page) => page.count };
