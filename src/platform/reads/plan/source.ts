import { rowsStatement } from '../list.ts';
import type { Reading } from '../reading.ts';
import type { SelectedColumn, TextRow, View } from '../view.ts';
import {
  type Above,
  type Below,
  type Boundary,
  Extraordinary,
  type Layout,
  type Needs,
  NotPlanned,
  type Read,
  type Run,
  type Span,
} from './plan.ts';
import { enter, isAllowedFor } from './rights.ts';

/** A column of a view. Throws NotPlanned where there is none. */
export function columnOf(view: View, name: string): SelectedColumn {
  const column = view.columns.get(name);
  if (!column) throw new NotPlanned(`${view.table} has no ${name}.`);
  return column;
}

/** One statement of a plan, and the sources that read below it. */
export abstract class Source implements Layout {
  /** What is selected, as SQL, behind the first column, which says where a row belongs. */
  readonly columns: readonly string[];
  readonly below: readonly Below[];
  readonly #places: ReadonlyMap<string, number>;

  /** `first` is the column that every row begins with, where that is one of the view's. */
  constructor(needs: Needs, first: SelectedColumn | null) {
    const needed = new Set(needs.columns.map(({ sql }) => sql));
    if (first) needed.delete(first.sql);
    this.columns = [...needed];
    this.below = needs.below;
    this.#places = new Map([first?.sql ?? '', ...needed].map((sql, index) => [sql, index]));
  }

  place({ sql }: SelectedColumn): number {
    const place = this.#places.get(sql);
    if (place === undefined) throw new NotPlanned(`${sql} is not selected.`);
    return place;
  }

  indexBelow(source: Below): number {
    return this.below.indexOf(source);
  }

  protected readBelow(rows: readonly TextRow[], boundary: Boundary, run: Run): Promise<Read[]> {
    const above = { rows, boundary, layout: this };
    return Promise.all(this.below.map((source) => source.read(run, above)));
  }
}

/** A span without rows. */
export const noRows: Span = { start: 0, end: 0 };

/** What a source below has read itself. */
export interface Own extends Pick<Read, 'rows' | 'spans' | 'slice' | 'values'> {
  /** Where the sources below may read, when that is not where this one may. */
  readonly boundary?: Boundary;
}

/** A source that reads once the rows above are known. */
export abstract class BelowSource extends Source implements Below {
  abstract readonly keys: readonly SelectedColumn[];

  protected abstract readOwn(run: Run, above: Above): Promise<Own>;

  async read(run: Run, above: Above): Promise<Read> {
    const { boundary = above.boundary, ...own } = await this.readOwn(run, above);
    return { ...own, run, below: await this.readBelow(own.rows, boundary, run) };
  }
}

/** What says which row a column names. */
export type NamedRow = Extract<Reading['description'], { readonly kind: 'ROW' }>;

/** The rows that a column of the rows above names, each read once. */
export class RowSource extends BelowSource {
  readonly keys: readonly SelectedColumn[];

  constructor(
    readonly named: NamedRow,
    readonly key: SelectedColumn,
    needs: Needs,
  ) {
    super(needs, columnOf(named.to.view, 'id'));
    this.keys = [key];
  }

  protected async readOwn(run: Run, { rows: above, layout, boundary }: Above): Promise<Own> {
    const { to, visible, mayBeGone = false } = this.named;
    const place = layout.place(this.key);
    const named = above.map((row) => row[place] ?? null);
    const ids = [...new Set(named.filter((id) => id !== null))];
    if (ids.length === 0 || !(await isAllowedFor(visible, run, boundary)))
      return { rows: [], spans: named.map(() => noRows), slice: null };
    // Rows of an owner are read only where an owner was asked for.
    if (to.rule !== null && boundary.owners.length === 0) throw new Extraordinary('There is no owner.');
    await enter(to, run, boundary);
    const rows = await run.reader.read(rowsStatement(to.view, this.columns, ids, boundary));
    const spans = new Map(rows.map(([id], start) => [id, { start, end: start + 1 }]));
    const spanOf = (id: string | null) =>
      id === null ? noRows : (spans.get(id) ?? (mayBeGone ? noRows : gone()));
    return { rows, spans: named.map(spanOf), slice: null };
  }
}

function gone(): never {
  throw new Extraordinary('A row is gone.');
}
