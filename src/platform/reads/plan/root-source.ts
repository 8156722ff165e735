import { rowsStatement } from '../list.ts';
import type { Readable } from '../readable.ts';
import type { SelectedColumn, TextRow } from '../view.ts';
import { Extraordinary, type Needs, type Read, type Run } from './plan.ts';
import { enterAll } from './rights.ts';
import { columnOf, Source } from './source.ts';

/** Rows by their ids, for viewers who may read what their owners have. */
export class RootSource extends Source {
  readonly #id: SelectedColumn;
  readonly #owner: SelectedColumn;

  constructor(
    readonly root: Readable,
    needs: Needs,
  ) {
    const [id, owner] = [columnOf(root.view, 'id'), columnOf(root.view, root.owner)];
    super({ ...needs, columns: [...needs.columns, owner] }, id);
    this.#id = id;
    this.#owner = owner;
  }

  /** Throws Extraordinary where there is no such row, and whatever the root or an argument refuses. */
  async readOne(id: string, run: Run): Promise<Read> {
    if (this.#owner === this.#id) return this.#readOwner(id, run);
    const row = await this.#readRow(id, run);
    const boundary = await enterAll(this.root, run, [this.#ownerOf(row)]);
    return readOf([row], await this.readBelow([row], boundary, run), run);
  }

  /** The same for many ids: the rows in any order, each once. */
  async readMany(ids: readonly string[], run: Run): Promise<Read> {
    const wanted = [...new Set(ids)];
    const rows = await run.reader.read(rowsStatement(this.root.view, this.columns, wanted));
    if (rows.length < wanted.length) throw new Extraordinary('There is no such row.');
    const owners = rows.map((row) => this.#ownerOf(row));
    const boundary = await enterAll(this.root, run, owners);
    return readOf(rows, await this.readBelow(rows, boundary, run), run);
  }

  /** The owner itself. The argument says already whose rows those below are: they are read at the same time. */
  async #readOwner(id: string, run: Run): Promise<Read> {
    const isThere = await this.root.enter(run.ctx, id);
    const boundary = { column: this.root.within, owners: [id], rule: this.root.rule };
    const row = isThere && this.columns.length === 0 ? [id] : this.#readRow(id, run);
    if (this.below.some(({ keys }) => keys.some((key) => key !== this.#id))) {
      const whole = await row;
      return readOf([whole], await this.readBelow([whole], boundary, run), run);
    }
    const [whole, below] = await Promise.all([row, this.readBelow([[id]], boundary, run)]);
    return readOf([whole], below, run);
  }

  async #readRow(id: string, { reader }: Run): Promise<TextRow> {
    const { view } = this.root;
    const name = `${view.table} ${this.columns.join()}`;
    const row = await reader.readOne(name, id, (ids) => rowsStatement(view, this.columns, ids));
    if (!row) throw new Extraordinary('There is no such row.');
    return row;
  }

  #ownerOf(row: TextRow): string {
    return row[this.place(this.#owner)] ?? '';
  }
}

function readOf(rows: readonly TextRow[], below: readonly Read[], run: Run): Read {
  return { run, rows, spans: rows.map((_, start) => ({ start, end: start + 1 })), slice: null, below };
}
