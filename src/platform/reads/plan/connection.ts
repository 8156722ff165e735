import { type FieldNode, type GraphQLObjectType, getNamedType, isObjectType } from 'graphql';
import { orderOf } from '../list.ts';
import { encodeCursor, pageBounds } from '../page.ts';
import type { TextRow } from '../view.ts';
import { Extraordinary, NotPlanned, nothingRead, type Run, type Write } from './run.ts';
import type { Selected } from './selections.ts';
import type { CountSource, ListSource } from './source.ts';
import { type Member, type RowCompiler, writeObject, writeRows } from './write.ts';

/** What a connection is read from; counting is a statement of its own, for those who ask. */
interface Reads {
  readonly list: ListSource;
  readonly count: () => CountSource;
}

/** What of a list's rows is one parent's page. */
interface Bounds {
  readonly rows: readonly TextRow[];
  readonly start: number;
  readonly end: number;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

/** A connection of a row: its parent's page of a list, in the words that the document chooses. */
export function writeConnection(
  compiler: RowCompiler,
  type: GraphQLObjectType,
  nodes: readonly FieldNode[],
  { list, count }: Reads,
): Write {
  const writers: Readonly<Record<string, (selected: Selected) => Write>> = {
    nodes: (selected) => writePageOf(list, compiler.rowsOf(list, ...itemOf(compiler, selected))),
    edges: (selected) => writePageOf(list, writeEdge(compiler, selected, list)),
    pageInfo: (selected) => writePageInfo(compiler, selected, list),
    totalCount: () => {
      const source = count();
      list.parent.below.push(source);
      return (_, at, run) => source.rowsIn(run)[at]?.[0] ?? '0';
    },
  };
  return writeObject(membersOf(compiler, type, nodes, writers));
}

function membersOf(
  compiler: RowCompiler,
  type: GraphQLObjectType,
  nodes: readonly FieldNode[],
  writers: Readonly<Record<string, (selected: Selected) => Write>>,
): Member[] {
  return compiler.selections.below(type, nodes).map((selected) => {
    if (selected.name === '__typename') return { key: selected.key, write: () => JSON.stringify(type.name) };
    const make = writers[selected.name];
    if (!make) throw new NotPlanned(`${type.name}.${selected.name} is not of a connection.`);
    return { key: selected.key, write: make(selected) };
  });
}

/** The type of a field's items, and what is selected of them. */
function itemOf(compiler: RowCompiler, { field, nodes }: Selected): [GraphQLObjectType, readonly Selected[]] {
  const type = field && getNamedType(field.type);
  if (!isObjectType(type)) throw new NotPlanned('Its items are no objects.');
  return [type, compiler.selections.below(type, nodes)];
}

function writePageOf(list: ListSource, write: Write): Write {
  return (_, at, run) => {
    const { rows, start, end } = boundsOf(list, at, run);
    return writeRows(rows, start, end, write, run);
  };
}

function writeEdge(compiler: RowCompiler, { field, nodes }: Selected, list: ListSource): Write {
  const type = field && getNamedType(field.type);
  if (!isObjectType(type)) throw new NotPlanned('Its edges are no objects.');
  return writeObject(
    membersOf(compiler, type, nodes, {
      cursor: () => {
        const cursorOf = readsCursor(list);
        return (row) => `"${cursorOf(row)}"`;
      },
      node: (selected) => compiler.rowsOf(list, ...itemOf(compiler, selected)),
    }),
  );
}

function writePageInfo(compiler: RowCompiler, { field, nodes }: Selected, list: ListSource): Write {
  const type = field && getNamedType(field.type);
  if (!isObjectType(type)) throw new NotPlanned('Its page info is no object.');
  const cursorAt = (pick: (bounds: Bounds) => number) => () => {
    const cursorOf = readsCursor(list);
    const write: Write = (_, at, run) => {
      const bounds = boundsOf(list, at, run);
      const row = bounds.end > bounds.start ? bounds.rows[pick(bounds)] : undefined;
      return row ? `"${cursorOf(row)}"` : 'null';
    };
    return write;
  };
  const side = (name: 'hasNextPage' | 'hasPreviousPage') => () => {
    list.needsNext = true;
    const write: Write = (_, at, run) => String(boundsOf(list, at, run)[name]);
    return write;
  };
  return writeObject(
    membersOf(compiler, type, nodes, {
      hasNextPage: side('hasNextPage'),
      hasPreviousPage: side('hasPreviousPage'),
      startCursor: cursorAt(({ start }) => start),
      endCursor: cursorAt(({ end }) => end - 1),
    }),
  );
}

/** Makes cursors of rows; from now on what they are made of is selected. */
function readsCursor(list: ListSource): (row: TextRow) => string {
  const [by, id] = [list.placeOf(list.list.by), list.idPlace()];
  const { write } = orderOf(list.list);
  return (row) => encodeCursor({ at: write(row[by] ?? ''), id: row[id] ?? '' });
}

function boundsOf(list: ListSource, at: number, run: Run): Bounds {
  const { rows, from, to, slice } = run.reads[list.index] ?? nothingRead;
  if (!slice) throw new Extraordinary('A page was not read.');
  const [first, last] = [from[at] ?? 0, to[at] ?? 0];
  const { start, end, hasNextPage, hasPreviousPage } = pageBounds(slice, last - first);
  return { rows, start: first + start, end: first + end, hasNextPage, hasPreviousPage };
}
