import { countStatement, type List, type Slice, sliceStatement } from '../list.ts';
import { firstSlice, type Paging, sliceOf, withNext } from '../page.ts';
import type { SelectedColumn, TextRow, View } from '../view.ts';
import { rowAt } from './build.ts';
import { type Above, type Needs, type Run, type Span } from './plan.ts';
import type { ArgumentsOf } from './selections.ts';
import { BelowSource, columnOf, noRows, type Own } from './source.ts';

/** What lists and their counts have in common: which of the rows above have any rows. */
abstract class ListedSource extends BelowSource {
  readonly keys: readonly SelectedColumn[];
  readonly #id: SelectedColumn;
  readonly #only: { readonly column: SelectedColumn; readonly value: string } | null;

  constructor(
    readonly list: List,
    above: View,
    readonly argumentsOf: ArgumentsOf,
    needs: Needs,
  ) {
    super(needs, null);
    this.#id = columnOf(above, 'id');
    this.#only = list.onlyOf ? { ...list.onlyOf, column: columnOf(above, list.onlyOf.column) } : null;
    this.keys = this.#only ? [this.#id, this.#only.column] : [this.#id];
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
    list: List,
    above: View,
    argumentsOf: ArgumentsOf,
    needs: Needs,
    readonly extent: Extent,
  ) {
    super(list, above, argumentsOf, needs);
  }

  protected async readOwn(run: Run, above: Above): Promise<Own> {
    const args = this.argumentsOf(run);
    const { slice, taken } = this.#sliceOf(args);
    const conditions = this.list.where?.(args) ?? [];
    const { ids, indexes } = this.parentsIn(above);
    const spans = new Array<Span>(above.rows.length).fill(noRows);
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
    return { rows, spans, slice };
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
  constructor(list: List, above: View, argumentsOf: ArgumentsOf) {
    super(list, above, argumentsOf, { columns: [], below: [] });
  }

  protected async readOwn(run: Run, above: Above): Promise<Own> {
    const conditions = this.list.where?.(this.argumentsOf(run)) ?? [];
    const { ids, indexes } = this.parentsIn(above);
    const rows = new Array<TextRow>(above.rows.length).fill(['0']);
    if (ids.length > 0) {
      for (const [number, count] of await run.reader.read(countStatement(this.list, ids, conditions)))
        rows[indexes[Number(number) - 1] ?? -1] = [count ?? '0'];
    }
    return { rows, spans: rows.map((_, start) => ({ start, end: start + 1 })), slice: null };
  }
}
