import { type GraphQLObjectType, isNonNullType } from 'graphql';
import { toGlobalId } from '../global-id.ts';
import { Reading } from '../reading.ts';
import { readValue, type View } from '../view.ts';
import { belowPart, buildRows, columnPart, constantPart, objectPart, rowAt } from './build.ts';
import { describeConnection } from './connection.ts';
import { leafPart } from './leaf.ts';
import { ListSource } from './list-source.ts';
import { Extraordinary, NotPlanned, type Part, type Read, type Run } from './plan.ts';
import { RootSource } from './root-source.ts';
import { argumentsOf, type Selected } from './selections.ts';
import { columnOf, RowSource } from './source.ts';
import { buildValue } from './value.ts';

/** What a reading of one kind says. */
type Of<Kind> = Extract<Reading['description'], { readonly kind: Kind }>;

/** The beginning of a document. */
export interface Root {
  read(run: Run): Promise<Read>;
  /** Makes the row's object of what it has read. */
  build(read: Read): unknown;
}

/** Describes a field of the query. Throws NotPlanned when something below does not say what it reads. */
export function describeRoot(selected: Selected): Root {
  const { name, type, below } = selected;
  const described = descriptionOf(selected);
  if (described?.kind !== 'ROOT' || !type) throw new NotPlanned(`${name} does not say what it reads.`);
  const part = describeObject(described.root.view, type, below);
  const source = new RootSource(described.root, argumentsOf(selected), part);
  const build = part.builder(source);
  return {
    read: (run) => source.read(run),
    build: (read) => build(rowAt(read.rows, 0), 0, read),
  };
}

/** What a field says that it reads. */
function descriptionOf({ field }: Selected): Reading['description'] | undefined {
  const read = field?.extensions.read;
  return read instanceof Reading ? read.description : undefined;
}

/** Describes what is selected of rows of a view. */
export function describeObject(view: View, type: GraphQLObjectType, selected: readonly Selected[]): Part {
  return objectPart(selected.map((each) => ({ name: each.key, value: describeMember(view, type, each) })));
}

function describeMember(view: View, type: GraphQLObjectType, selected: Selected): Part {
  const { name, field } = selected;
  if (name === '__typename') return constantPart(type.name);
  const described = descriptionOf(selected);
  switch (described?.kind) {
    case undefined:
      if (!field || field.resolve) throw new NotPlanned(`${type.name}.${name} does not say what it reads.`);
      return describeColumn(view, selected, name);
    case 'GLOBAL_ID':
      return columnPart(columnOf(view, 'id'), (id) => toGlobalId(described.type, id ?? ''));
    case 'COLUMN':
      return describeColumn(view, selected, described.name);
    case 'MADE':
      return describeMade(view, selected, described);
    case 'ROW':
      return describeRow(view, selected, described);
    case 'LIST':
      return describeList(view, selected, described);
    case 'CONNECTION':
      return describeConnection(view, selected, described.list, (item) =>
        describeRows(described.list.view, item),
      );
    case 'ROOT':
    case 'REQUEST':
      throw new NotPlanned(`${name} is no field of a row.`);
  }
}

/** Describes what is selected of a field that is rows of a view. */
function describeRows(view: View, { name, type, below }: Selected): Part {
  if (!type) throw new NotPlanned(`${name} has no objects of one type.`);
  return describeObject(view, type, below);
}

function describeColumn(view: View, { field, below, name }: Selected, columnName: string): Part {
  if (!field) throw new NotPlanned(`${name} is no field.`);
  const column = columnOf(view, columnName);
  const leaf = leafPart(field.type, column);
  if (leaf) return leaf;
  const build = buildValue(field.type, below);
  return columnPart(column, (text) => build(readValue(column, text)));
}

/** What is made of a row that has no more than these columns. */
function describeMade(view: View, selected: Selected, { names, make }: Of<'MADE'>): Part {
  const { field, below, name } = selected;
  if (!field) throw new NotPlanned(`${name} is no field.`);
  const columns = names.map((each) => [each, columnOf(view, each)] as const);
  const args = argumentsOf(selected);
  const build = buildValue(field.type, below);
  return {
    columns: columns.map(([, column]) => column),
    below: [],
    builder(layout) {
      const places = columns.map(([each, column]) => ({ each, column, place: layout.place(column) }));
      return (row, _, { run }) => {
        const values: Record<string, unknown> = {};
        for (const { each, column, place } of places) values[each] = readValue(column, row[place] ?? null);
        return build(make.of(values, args(run), run.ctx));
      };
    },
  };
}

/** The row that a column names; null where it names none. */
function describeRow(view: View, selected: Selected, { key, to }: Of<'ROW'>): Part {
  const part = describeRows(to.view, selected);
  const source = new RowSource(to.view, columnOf(view, key), part);
  const build = part.builder(source);
  const isNullable = !isNonNullType(selected.field?.type);
  return belowPart(source, (read, { start, end }) => {
    if (start < end) return build(rowAt(read.rows, start), start, read);
    if (isNullable) return null;
    throw new Extraordinary('What cannot be null is.');
  });
}

/** The beginning of a list. */
function describeList(view: View, selected: Selected, { list, length }: Of<'LIST'>): Part {
  const part = describeRows(list.view, selected);
  const source = new ListSource(list, view, argumentsOf(selected), part, { length });
  const build = part.builder(source);
  return belowPart(source, (read, span) => buildRows(build, read, span));
}
