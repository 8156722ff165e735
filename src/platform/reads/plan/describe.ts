import type { GraphQLObjectType, GraphQLResolveInfo } from 'graphql';
import { isIdType, toGlobalId } from '../global-id.ts';
import type { List } from '../list.ts';
import { readValue, type View } from '../view.ts';
import { describeConnection } from './connection.ts';
import { type ColumnsReading, FieldRead } from './field-read.ts';
import { leafPart } from './leaf.ts';
import { ListSource } from './list-source.ts';
import { NotPlanned, type Part, type Read, type Run } from './plan.ts';
import { RootSource } from './root-source.ts';
import { argumentsOf, type Selected } from './selections.ts';
import { columnOf, RowSource } from './source.ts';
import { writeValue } from './value.ts';
import { constantPart, objectPart, readBelow, rowAt, spanOf, writeRows } from './write.ts';

/** Resolvers that say which columns they read look at nothing else. */
const noInfo = {} as GraphQLResolveInfo;

/** The beginning of a document. */
export interface Root {
  read(run: Run): Promise<Read>;
  /** Writes what it has read. */
  write(read: Read): string;
}

/** Describes a field of the query. Throws NotPlanned when something below does not say what it reads. */
export function describeRoot({ name, field, node, type, below }: Selected): Root {
  const read = field?.extensions.read;
  if (!(read instanceof FieldRead) || read.reading.kind !== 'ROOT' || !type)
    throw new NotPlanned(`${name} does not say what it reads.`);
  if (!isIdType(type.name)) throw new NotPlanned(`${type.name} has no ids.`);
  const part = describeObject(read.reading.view, type, below);
  const source = new RootSource(read.reading, type.name, argumentsOf({ field, node }), part);
  const write = part.writer(source);
  return {
    read: (run) => source.read(run),
    write: (found) => write(rowAt(found.rows, 0), 0, found),
  };
}

/** Describes what is selected of rows of a view. */
export function describeObject(view: View, type: GraphQLObjectType, selected: readonly Selected[]): Part {
  return objectPart(selected.map((each) => ({ key: each.key, value: describeMember(view, type, each) })));
}

function describeMember(view: View, type: GraphQLObjectType, selected: Selected): Part {
  const { name, field } = selected;
  if (name === '__typename') return constantPart(JSON.stringify(type.name));
  if (!field) throw new NotPlanned(`${type.name} has no ${name}.`);
  if (name === 'id') return describeId(view, type);
  const read = field.extensions.read;
  if (!(read instanceof FieldRead)) {
    if (field.resolve) throw new NotPlanned(`${type.name}.${name} does not say what it reads.`);
    return describeColumn(view, selected, name);
  }
  const { reading } = read;
  if (reading.kind === 'COLUMN') return describeColumn(view, selected, reading.name);
  if (reading.kind === 'COLUMNS') return describeMade(view, selected, reading);
  if (reading.kind === 'ROOT' || !selected.type) throw new NotPlanned(`${name} is no field of a row.`);
  if (reading.kind === 'ROW') return describeRow(view, selected.type, selected, reading);
  const { list } = reading;
  if (reading.kind === 'LIST') return describeList(view, selected.type, selected, list);
  return describeConnection(view, selected, list, (item) => {
    if (!item.type) throw new NotPlanned(`${item.name} has no objects.`);
    return describeObject(list.view, item.type, item.below);
  });
}

function describeId(view: View, { name }: GraphQLObjectType): Part {
  if (!isIdType(name)) throw new NotPlanned(`${name} has no ids.`);
  const id = columnOf(view, 'id');
  return {
    columns: [id],
    below: [],
    writer(layout) {
      const place = layout.place(id);
      return (row) => `"${toGlobalId(name, row[place] ?? '')}"`;
    },
  };
}

function describeColumn(view: View, { field, below, name }: Selected, columnName: string): Part {
  if (!field) throw new NotPlanned(`${name} is no field.`);
  const column = columnOf(view, columnName);
  const leaf = leafPart(field.type, column);
  if (leaf) return leaf;
  const write = writeValue(field.type, below);
  return {
    columns: [column],
    below: [],
    writer(layout) {
      const place = layout.place(column);
      return (row) => write(readValue(column, row[place] ?? null));
    },
  };
}

/** What is made of a row that has no more than these columns. */
function describeMade(view: View, selected: Selected, { names, make }: ColumnsReading): Part {
  const { field, below, name } = selected;
  const resolve = field?.resolve;
  if (!field || !resolve) throw new NotPlanned(`${name} has no resolver.`);
  const columns = names.map((each) => [each, columnOf(view, each)] as const);
  const args = argumentsOf(selected);
  const write = writeValue(field.type, below);
  return {
    columns: columns.map(([, column]) => column),
    below: [],
    writer(layout) {
      const places = columns.map(([each, column]) => ({ each, column, place: layout.place(column) }));
      return (row, _, { run }) => {
        const values: Record<string, unknown> = {};
        for (const { each, column, place } of places) values[each] = readValue(column, row[place] ?? null);
        return write(
          make ? make.of(values, args(run), run.ctx) : resolve(values, args(run), run.ctx, noInfo),
        );
      };
    },
  };
}

/** The row that a column names. */
function describeRow(
  view: View,
  type: GraphQLObjectType,
  { below }: Selected,
  reading: { readonly view: View; readonly key: string },
): Part {
  const part = describeObject(reading.view, type, below);
  const source = new RowSource(reading.view, columnOf(view, reading.key), part);
  const write = part.writer(source);
  return {
    columns: source.keys,
    below: [source],
    writer(layout) {
      const below = layout.indexBelow(source);
      return (_, index, read) => {
        const found = readBelow(read, below);
        const { start } = spanOf(found, index);
        return write(rowAt(found.rows, start), start, found);
      };
    },
  };
}

/** The beginning of a list. */
function describeList(view: View, type: GraphQLObjectType, selected: Selected, list: List): Part {
  const part = describeObject(list.view, type, selected.below);
  const extent = { isPage: false, needsNext: false };
  const source = new ListSource(list, view, argumentsOf(selected), part, extent);
  const write = part.writer(source);
  return {
    columns: source.keys,
    below: [source],
    writer(layout) {
      const below = layout.indexBelow(source);
      return (_, index, read) => {
        const found = readBelow(read, below);
        return writeRows(write, found, spanOf(found, index));
      };
    },
  };
}
