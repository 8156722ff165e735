import { fromGlobalId, type IdType } from '../global-id.ts';
import { countStatement, type List, rowsStatement, type Slice, sliceStatement } from '../list.ts';
import { firstSlice, maxPageSize, type Paging, sliceOf, withNext } from '../page.ts';
import type { TextRow, View } from '../view.ts';
import type { Root } from './field-read.ts';
import { Extraordinary, NotPlanned, nothingRead, type Read, type Run } from './run.ts';
import type { ArgumentsOf } from './selections.ts';

/** One statement of a plan: which columns it reads of which rows, and what is read below them. */
export abstract class Source {
  readonly below: Source[] = [];
  readonly #columns: string[] = [];

  constructor(
    readonly index: number,
    readonly view: View,
    readonly root: number,
  ) {}

  /** What is selected, behind the first column, which says where a row belongs. */
  get columns(): readonly string[] {
    return this.#columns;
  }

  /** Where a column stands in each row; from now on it is selected. */
  placeOf(name: string): number {
    const column = this.view.columns.get(name);
    if (!column) throw new NotPlanned(`${this.view.table} has no ${name}.`);
    const known = this.#columns.indexOf(column.sql);
    return 1 + (known === -1 ? this.#columns.push(column.sql) - 1 : known);
  }

  /** Where a row's own id stands. */
  abstract idPlace(): number;

  rowsIn(run: Run): readonly TextRow[] {
    return (run.reads[this.index] ?? nothingRead).rows;
  }

  /** Reads its rows, and all that is below them. Throws Extraordinary, and whatever refuses an argument. */
  abstract fill(run: Run): Promise<void>;

  protected async fillBelow(run: Run): Promise<void> {
    if (this.below.length === 1) return this.below[0]?.fill(run);
    await Promise.all(this.below.map((source) => source.fill(run)));
  }
}

/** The row with the global id in the argument `id`, for whoever may read its project. */
export class RootSource extends Source {
  readonly #project: number | null;

  constructor(
    index: number,
    readonly begin: Root,
    readonly type: IdType,
    readonly argumentsOf: ArgumentsOf,
  ) {
    super(index, begin.view, index);
    this.#project = begin.view.columns.has('projectId') ? this.placeOf('projectId') : null;
  }

  idPlace(): number {
    return 0;
  }

  async fill(run: Run): Promise<void> {
    const id = fromGlobalId(this.type, String(this.argumentsOf(run).id));
    if (this.#project !== null) {
      const row = await this.#readRow(run, id);
      const project = row[this.#project] ?? '';
      await this.begin.enter(run.ctx, project);
      run.projects[this.index] = project;
      run.reads[this.index] = one(row);
      return this.fillBelow(run);
    }
    const isThere = await this.begin.enter(run.ctx, id);
    run.projects[this.index] = id;
    // What is below needs no more than the id.
    run.reads[this.index] = one([id]);
    if (isThere && this.columns.length === 0) return this.fillBelow(run);
    const [row] = await Promise.all([this.#readRow(run, id), this.fillBelow(run)]);
    run.reads[this.index] = one(row);
  }

  async #readRow({ reader }: Run, id: string): Promise<TextRow> {
    const name = `${this.view.table} ${this.columns.join()}`;
    const row = await reader.readOne(name, id, (ids) => rowsStatement(this.view, this.columns, ids, null));
    if (!row) throw new Extraordinary('There is no such row.');
    return row;
  }
}

function one(row: TextRow): Read {
  return { rows: [row], from: [0], to: [1], slice: null };
}

/** Rows that can only be read once the parent's are. */
abstract class ChildSource extends Source {
  protected abstract read(run: Run): Promise<Read>;

  async fill(run: Run): Promise<void> {
    run.reads[this.index] = await this.read(run);
    await this.fillBelow(run);
  }
}

/** The rows that a column of the parent's names, each read once. */
export class RowSource extends ChildSource {
  readonly #key: number;

  constructor(
    index: number,
    view: View,
    readonly parent: Source,
    key: string,
  ) {
    super(index, view, parent.root);
    this.#key = parent.placeOf(key);
  }

  idPlace(): number {
    return 0;
  }

  protected async read(run: Run): Promise<Read> {
    const keys = this.parent.rowsIn(run).map((row) => row[this.#key] ?? '');
    const ids = [...new Set(keys)];
    if (ids.length === 0) return nothingRead;
    const project = run.projects[this.root] ?? null;
    const rows = await run.reader.read(rowsStatement(this.view, this.columns, ids, project));
    const places = new Map(rows.map(([id], at) => [id, at]));
    const from = keys.map((key) => {
      const at = places.get(key);
      if (at === undefined) throw new Extraordinary('A row is gone.');
      return at;
    });
    return { rows, from, to: from.map((at) => at + 1), slice: null };
  }
}

/** What lists and their counts have in common: parents by number, and the list's own conditions. */
abstract class ListedSource extends ChildSource {
  readonly #id: number;
  readonly #only: number | null;

  constructor(
    index: number,
    readonly list: List,
    readonly parent: Source,
    readonly argumentsOf: ArgumentsOf,
  ) {
    super(index, list.view, parent.root);
    this.#id = parent.idPlace();
    this.#only = list.onlyOf ? parent.placeOf(list.onlyOf.column) : null;
  }

  idPlace(): number {
    return this.placeOf('id');
  }

  /** The parents that have rows, and where each stands among all. */
  protected parentsIn(run: Run): { ids: string[]; places: number[]; count: number } {
    const rows = this.parent.rowsIn(run);
    const ids: string[] = [];
    const places: number[] = [];
    for (const [at, row] of rows.entries()) {
      if (this.#only !== null && row[this.#only] !== this.list.onlyOf?.value) continue;
      ids.push(row[this.#id] ?? '');
      places.push(at);
    }
    return { ids, places, count: rows.length };
  }
}

/** A list of each parent, or a page of it. */
export class ListSource extends ListedSource {
  /** Whether somebody asks what is beside the page. */
  needsNext = false;

  constructor(
    index: number,
    list: List,
    parent: Source,
    argumentsOf: ArgumentsOf,
    readonly isPage: boolean,
  ) {
    super(index, list, parent, argumentsOf);
  }

  protected async read(run: Run): Promise<Read> {
    const args = this.argumentsOf(run);
    const slice = this.isPage ? sliceOf(this.list, args as Paging) : wholeSlice(args);
    const conditions = this.list.where?.(args) ?? [];
    const { ids, places, count } = this.parentsIn(run);
    const from = new Array<number>(count).fill(0);
    const to = new Array<number>(count).fill(0);
    if (ids.length === 0) return { rows: [], from, to, slice };
    const taken = this.needsNext ? withNext(slice) : slice;
    const rows = await run.reader.read(sliceStatement(this.list, this.columns, ids, taken, conditions));
    let previous = -1;
    for (const [at, row] of rows.entries()) {
      const parent = places[Number(row[0]) - 1] ?? -1;
      if (parent !== previous) from[parent] = at;
      to[parent] = at + 1;
      previous = parent;
    }
    return { rows, from, to, slice };
  }
}

/** Lists that are no connections take `first` alone, or nothing. What null means, only the resolver knows. */
function wholeSlice({ first: limit = maxPageSize }: Readonly<Record<string, unknown>>): Slice {
  if (typeof limit !== 'number') throw new Extraordinary('Nobody says how many.');
  return firstSlice(limit);
}

/** How many rows each parent's whole list has: one row of one number for each. */
export class CountSource extends ListedSource {
  protected async read(run: Run): Promise<Read> {
    const conditions = this.list.where?.(this.argumentsOf(run)) ?? [];
    const { ids, places, count } = this.parentsIn(run);
    const rows = new Array<TextRow>(count).fill(['0']);
    if (ids.length > 0) {
      for (const [number, found] of await run.reader.read(countStatement(this.list, ids, conditions)))
        rows[places[Number(number) - 1] ?? -1] = [found ?? '0'];
    }
    return { rows, from: rows.map((_, at) => at), to: rows.map((_, at) => at + 1), slice: null };
  }
}
