import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNamedType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import { isIdType, toGlobalId } from '../global-id.ts';
import { readValue } from '../view.ts';
import { writeConnection } from './connection.ts';
import { type ColumnsReading, FieldRead } from './field-read.ts';
import { writeLeaf } from './leaf.ts';
import { Extraordinary, NotPlanned, nothingRead, type Run, type Write } from './run.ts';
import { argumentsOf, collectSelections, type Selected, type Selections } from './selections.ts';
import { CountSource, ListSource, RootSource, RowSource, type Source } from './source.ts';
import { writeValue } from './value.ts';
import { type RowCompiler, writeItems, writeObject } from './write.ts';

/** A compiled operation: what it reads, and how that becomes text. */
export interface Plan {
  /** How many fields it writes, wherever they are spread. */
  readonly fields: number;
  /** `data` as JSON text. Throws when anything is out of the ordinary. */
  execute(run: Omit<Run, 'reads' | 'projects'>): Promise<string>;
}

/**
 * Compiles a query, for the values that its conditions (@skip, @include) have in `variables`. Null when something that
 * it asks for does not say what it reads. Throws GraphQLError for a condition that is null.
 */
export function compile(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): Plan | null {
  const query = schema.getQueryType();
  if (!query) return null;
  // Own members whatever they are called: a fragment's name may be `__proto__`.
  const fragments: Record<string, FragmentDefinitionNode> = Object.fromEntries(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition]] : [],
    ),
  );
  try {
    const compiler = new Compiler(collectSelections(schema, fragments, variables));
    return compiler.plan(query, operation);
  } catch (error) {
    if (error instanceof NotPlanned) return null;
    throw error;
  }
}

/** Resolvers that say which columns they read look at nothing else. */
const noInfo = {} as GraphQLResolveInfo;

class Compiler implements RowCompiler {
  #sources = 0;

  constructor(readonly selections: Selections) {}

  plan(query: GraphQLObjectType, operation: OperationDefinitionNode): Plan {
    const roots: Source[] = [];
    const members = this.selections.top(query, operation).map((selected) => {
      if (selected.name === '__typename')
        return { key: selected.key, write: () => JSON.stringify(query.name) };
      const root = this.#root(selected);
      roots.push(root.source);
      return { key: selected.key, write: root.write };
    });
    const write = writeObject(members);
    return {
      fields: this.selections.count(),
      async execute(given) {
        const run: Run = { ...given, reads: [], projects: [] };
        await Promise.all(roots.map((root) => root.fill(run)));
        return write([], 0, run);
      },
    };
  }

  #root(selected: Selected): { source: Source; write: Write } {
    const { field, nodes } = selected;
    const read = field?.extensions.read;
    const type = field && getNamedType(field.type);
    if (!(read instanceof FieldRead) || read.reading.kind !== 'ROOT' || !isObjectType(type))
      throw new NotPlanned(`${selected.name} does not say what it reads.`);
    if (!isIdType(type.name)) throw new NotPlanned(`${type.name} has no ids.`);
    const source = new RootSource(this.#sources++, read.reading, type.name, argumentsOf(selected));
    const write = this.rowsOf(source, type, this.selections.below(type, nodes));
    return {
      source,
      write(_, __, run) {
        const row = source.rowsIn(run)[0];
        if (!row) throw new Extraordinary('There is no such row.');
        return write(row, 0, run);
      },
    };
  }

  /** Writes a source's rows as objects of a type. */
  rowsOf(source: Source, type: GraphQLObjectType, selected: readonly Selected[]): Write {
    return writeObject(selected.map((each) => ({ key: each.key, write: this.#member(source, type, each) })));
  }

  #member(source: Source, type: GraphQLObjectType, selected: Selected): Write {
    const { name, field, nodes } = selected;
    if (name === '__typename') return () => JSON.stringify(type.name);
    if (!field) throw new NotPlanned(`${type.name} has no ${name}.`);
    if (name === 'id') return this.#id(source, type);
    const read = field.extensions.read;
    if (!(read instanceof FieldRead)) {
      if (field.resolve) throw new NotPlanned(`${type.name}.${name} does not say what it reads.`);
      return this.#column(source, selected, name);
    }
    const { reading } = read;
    const target = getNamedType(field.type);
    if (reading.kind === 'COLUMN') return this.#column(source, selected, reading.name);
    if (reading.kind === 'COLUMNS') return this.#made(source, selected, reading);
    if (reading.kind === 'ROOT' || !isObjectType(target))
      throw new NotPlanned(`${name} is no field of a row.`);
    if (reading.kind === 'ROW') {
      const rows = new RowSource(this.#sources++, reading.view, source, reading.key);
      source.below.push(rows);
      const write = this.rowsOf(rows, target, this.selections.below(target, nodes));
      return (_, at, run) => {
        const { rows: found, from } = run.reads[rows.index] ?? nothingRead;
        const place = from[at] ?? -1;
        return write(found[place] ?? [], place, run);
      };
    }
    const isPage = reading.kind === 'CONNECTION';
    const list = new ListSource(this.#sources++, reading.list, source, argumentsOf(selected), isPage);
    source.below.push(list);
    if (!isPage) return writeItems(list, this.rowsOf(list, target, this.selections.below(target, nodes)));
    const count = () => new CountSource(this.#sources++, reading.list, source, argumentsOf(selected));
    return writeConnection(this, target, nodes, { list, count });
  }

  #id(source: Source, { name }: GraphQLObjectType): Write {
    if (!isIdType(name)) throw new NotPlanned(`${name} has no ids.`);
    const place = source.idPlace();
    return (row) => `"${toGlobalId(name, row[place] ?? '')}"`;
  }

  #column(source: Source, { name, field, nodes }: Selected, columnName: string): Write {
    const column = source.view.columns.get(columnName);
    if (!column || !field) throw new NotPlanned(`${source.view.table} has no ${columnName} for ${name}.`);
    const place = source.placeOf(columnName);
    const direct = writeLeaf(field.type, column, place);
    if (direct) return direct;
    const write = writeValue(this.selections, field.type, nodes);
    return (row) => write(readValue(column, row[place] ?? null));
  }

  /** What is made of a row that has no more than these columns. */
  #made(source: Source, selected: Selected, { names, make }: ColumnsReading): Write {
    const { field, nodes, name } = selected;
    const resolve = field?.resolve;
    if (!field || !resolve) throw new NotPlanned(`${name} has no resolver.`);
    const columns = names.map((each) => {
      const column = source.view.columns.get(each);
      if (!column) throw new NotPlanned(`${source.view.table} has no ${each}.`);
      return { name: each, column, place: source.placeOf(each) };
    });
    const write = writeValue(this.selections, field.type, nodes);
    const args = argumentsOf(selected);
    return (row, _, run) => {
      const values: Record<string, unknown> = {};
      for (const { name: each, column, place } of columns)
        values[each] = readValue(column, row[place] ?? null);
      return write(make ? make.of(values, args(run), run.ctx) : resolve(values, args(run), run.ctx, noInfo));
    };
  }
}
