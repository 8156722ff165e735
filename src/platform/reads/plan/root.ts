import { column, text } from '../column.ts';
import { fromGlobalId, parseGlobalId } from '../global-id.ts';
import { maxPageSize } from '../page.ts';
import type { Roots } from '../readable.ts';
import type { Reading } from '../reading.ts';
import { table } from '../table.ts';
import { view } from '../view.ts';
import { rowAt } from './build.ts';
import { describeConnection } from './connection.ts';
import { describeObject, describeRows, descriptionOf } from './describe.ts';
import { type Build, Extraordinary, NotPlanned, type Run } from './plan.ts';
import { RootSource } from './root-source.ts';
import { argumentsOf, type Selected } from './selections.ts';
import { Source } from './source.ts';
import { buildValue } from './value.ts';

/** What a reading of one kind says. */
type Of<Kind> = Extract<Reading['description'], { readonly kind: Kind }>;

/** A field of the query: reads, and resolves to its value. Throws what ends a plan. */
export type ReadTop = (run: Run) => Promise<unknown>;

/** Describes a field of the query. Throws NotPlanned when something below does not say what it reads. */
export function describeRoot(selected: Selected): ReadTop {
  const described = descriptionOf(selected);
  switch (described?.kind) {
    case 'ROOT':
      return describeById(selected, described);
    case 'ROOT_CONNECTION':
      return describeRootConnection(selected, described);
    case 'NODE':
      return describeNode(selected, described.roots);
    case 'NODES':
      return describeNodes(selected, described.roots);
    case 'REQUEST':
      return describeRequest(selected, described);
    default:
      throw new NotPlanned(`${selected.name} does not say what it reads.`);
  }
}

/** A field that is made of the request: nothing is read. */
function describeRequest({ name, field, below }: Selected, { make }: Of<'REQUEST'>): ReadTop {
  if (!field) throw new NotPlanned(`${name} has no type.`);
  const build = buildValue(field.type, below);
  return async ({ ctx }) => build(make.of({}, {}, ctx));
}

function describeById(selected: Selected, { root }: Of<'ROOT'>): ReadTop {
  const part = describeRows(root.view, selected);
  const source = new RootSource(root, part);
  const build = part.builder(source);
  const args = argumentsOf(selected);
  return async (run) => {
    const read = await source.readOne(fromGlobalId(root.type, String(args(run).id)), run);
    return build(rowAt(read.rows, 0), 0, read);
  };
}

/** The query, as the row above a list that belongs to no row. */
const queryView = view(table<{ readonly id: string }>('', { id: column('id', text) }));
const queryId = queryView.columns.get('id') ?? null;

class QuerySource extends Source {
  async read(run: Run, build: Build): Promise<unknown> {
    const rows = [['']];
    // There are no owners yet: the rows of each list below are.
    const below = await this.readBelow(rows, { column: '', owners: [], rule: null }, run);
    return build(rowAt(rows, 0), 0, { run, rows, spans: [], slice: null, below });
  }
}

function describeRootConnection(selected: Selected, { list, owners }: Of<'ROOT_CONNECTION'>): ReadTop {
  const part = describeConnection(queryView, selected, { list, of: null, owners }, (item) =>
    describeRows(list.view, item),
  );
  const source = new QuerySource(part, queryId);
  const build = part.builder(source);
  return (run) => source.read(run, build);
}

interface Root {
  readonly source: RootSource;
  readonly build: Build;
}

/** What is selected of objects of each type that can be compiled. Throws NotPlanned when there is none. */
function describeTypes({ name, possible }: Selected, roots: Roots): ReadonlyMap<string, Root> {
  const found = new Map<string, Root>();
  for (const { type, below } of possible) {
    const root = roots.get(type.name);
    if (!root) continue;
    try {
      const part = describeObject(root.view, type, below);
      const source = new RootSource(root, part);
      found.set(type.name, { source, build: part.builder(source) });
    } catch (error) {
      if (!(error instanceof NotPlanned)) throw error;
    }
  }
  if (found.size === 0) throw new NotPlanned(`${name} does not say what it reads.`);
  return found;
}

/** What a global id names. Throws Extraordinary for a type that is not compiled, and for what is no id. */
function namedBy(
  globalId: unknown,
  types: ReadonlyMap<string, Root>,
): { readonly root: Root; readonly id: string } {
  const parsed = parseGlobalId(String(globalId));
  const root = parsed && types.get(parsed.type);
  if (!root) throw new Extraordinary('Objects of this type are not compiled.');
  return { root, id: parsed.id };
}

function describeNode(selected: Selected, roots: Roots): ReadTop {
  const types = describeTypes(selected, roots);
  const args = argumentsOf(selected);
  return async (run) => {
    const { root, id } = namedBy(args(run).id, types);
    const read = await root.source.readOne(id, run);
    return root.build(rowAt(read.rows, 0), 0, read);
  };
}

/** The objects of each type are read together. */
function describeNodes(selected: Selected, roots: Roots): ReadTop {
  const types = describeTypes(selected, roots);
  const args = argumentsOf(selected);
  return async (run) => {
    const { ids } = args(run);
    if (!Array.isArray(ids) || ids.length > maxPageSize) throw new Extraordinary('There are too many ids.');
    const named = ids.map((id: unknown) => namedBy(id, types));
    const objects = new Map<string, unknown>();
    const readObjects = async ({ source, build }: Root, ids: readonly string[]) => {
      const read = await source.readMany(ids, run);
      // Each row begins with its id.
      for (const [index, row] of read.rows.entries()) objects.set(row[0] ?? '', build(row, index, read));
    };
    const groups = [...Map.groupBy(named, ({ root }) => root)];
    await Promise.all(
      groups.map(([root, group]) =>
        readObjects(
          root,
          group.map(({ id }) => id),
        ),
      ),
    );
    return named.map(({ id }) => objects.get(id));
  };
}
