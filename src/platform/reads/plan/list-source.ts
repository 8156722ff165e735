import type { Condition } from '../condition.ts';
import { countRows } from '../count.ts';
import { type List, type Slice, sliceStatement } from '../list.ts';
import { firstSlice, type Paging, sliceOf, withNext } from '../page.ts';
import type { Owner, Readable } from '../readable.ts';
import type { SelectedColumn, TextRow, View } from '../view.ts';
import { rowAt } from './build.ts';
import { type Above, type Needs, type Run, type Span } from './plan.ts';
import { enter, enterAll } from './rights.ts';
import type { ArgumentsOf } from './selections.ts';
import { BelowSource, columnOf, noRows, type Own } from './source.ts';

/** A list of rows, and who may read it. */
export interface Listed {
  readonly list: List;
  /** The owners of the rows above; null at the beginning of a document. */
  readonly of: Owner | null;
  /** The rows of the list own what is below them: they are the beginning of a document. */
  readonly owners?: Readable | undefined;
}

/** What lists and their counts have in common: which of the rows above have any rows. */
abstract class ListedSource extends BelowSource {
  readonly list: List;
  readonly keys: readonly SelectedColumn[];
  readonly #id: SelectedColumn;
  readonly #only: { readonly column: SelectedColumn; readonly value: string } | null;

  constructor(
    readonly listed: Listed,
    above: View,
    readonly argumentsOf: ArgumentsOf,
    needs: Needs,
  ) {
    super(needs, null);
    const { list } = listed;
    this.list = list;
    this.#id = columnOf(above, 'id');
    this.#only = list.onlyOf ? { ...list.onlyOf, column: columnOf(above, list.onlyOf.column) } : null;
    this.keys = this.#only ? [this.#id, this.#only.column] : [this.#id];
  }

  /** Which rows of the list are meant. Throws when the viewer may not read them. */
  protected async conditionsIn(run: Run, { boundary }: Above): Promise<readonly Condition[]> {
    const { list, of } = this.listed;
    if (of) await enter(of, run, boundary);
    return (await list.where?.(this.argumentsOf(run), run.ctx)) ?? [];
  }

  /** The ids of the rows above that have rows, and the index of each among all. */
  protected parentsIn({ rows, layout }: Above): { readonly ids: string[]; readonly indexes: number[] } {
    const id = layout.place(this.#id);
    const only = this.#only && { place: layout.place(this.#only.column), value: this.#only.value };
    const ids: string[] = [];
    const indexes: number[] = [];
    for (const [index, row] of rows.entries()) {
      if (only && row[only.place] !== only.value) continue;
      ids.push(row[id] ?? '');
      indexes.push(index);
    }
    return { ids, indexes };
  }
}

/** What of each list is read: a page of a connection, with the row behind it where something depends on that, or its beginning. */
type Extent = { readonly needsNext: boolean } | { readonly length: number };

/** A list of each row above, or a page of it. */
export class ListSource extends ListedSource {
  constructor(
    listed: Listed,
    above: View,
    argumentsOf: ArgumentsOf,
    needs: Needs,
    readonly extent: Extent,
  ) {
    const owners = listed.owners && needs.below.length > 0 ? [columnOf(listed.list.view, 'id')] : [];
    super(listed, above, argumentsOf, { ...needs, columns: [...needs.columns, ...owners] });
  }

  protected async readOwn(run: Run, above: Above): Promise<Own> {
    const { slice, taken } = this.#sliceOf(this.argumentsOf(run));
    const spans = new Array<Span>(above.rows.length).fill(noRows);
    const conditions = await this.conditionsIn(run, above);
    const { ids, indexes } = this.parentsIn(above);
    if (ids.length === 0) return { rows: [], spans, slice };
    const rows = await run.reader.read(sliceStatement(this.list, this.columns, ids, taken, conditions));
    // The rows of one parent stand together, and begin with its number, from 1.
    for (let start = 0; start < rows.length; ) {
      const [number] = rowAt(rows, start);
      let end = start + 1;
      while (end < rows.length && rowAt(rows, end)[0] === number) end += 1;
      spans[indexes[Number(number) - 1] ?? -1] = { start, end };
      start = end;
    }
    const { owners } = this.listed;
    if (!owners || this.below.length === 0) return { rows, spans, slice };
    const id = this.place(columnOf(this.list.view, 'id'));
    return {
      rows,
      spans,
      slice,
      boundary: await enterAll(
        owners,
        run,
        rows.map((row) => row[id] ?? ''),
      ),
    };
  }

  /** What is asked for, and what is read of it. */
  #sliceOf(args: Paging): { readonly slice: Slice; readonly taken: Slice } {
    if ('length' in this.extent) {
      const slice = firstSlice(args.first ?? this.extent.length);
      return { slice, taken: slice };
    }
    const slice = sliceOf(this.list, args);
    return { slice, taken: this.extent.needsNext ? withNext(slice) : slice };
  }
}

/** How many rows the whole list of each row above has: one row of one number for each. */
export class CountSource extends ListedSource {
  constructor(listed: Listed, above: View, argumentsOf: ArgumentsOf) {
    super(listed, above, argumentsOf, { columns: [], below: [] });
  }

  protected async readOwn(run: Run, above: Above): Promise<Own> {
    const conditions = await this.conditionsIn(run, above);
    const { ids, indexes } = this.parentsIn(above);
    const rows = new Array<TextRow>(above.rows.length).fill(['0']);
    if (ids.length > 0) {
      const counts = await countRows(run.reader, this.list, ids, conditions);
      for (const [place, count] of counts.entries()) rows[indexes[place] ?? -1] = [String(count)];
    }
    return { rows, spans: rows.map((_, start) => ({ start, end: start + 1 })), slice: null };
  }
}
