import { fromGlobalId } from '../global-id.ts';
import { rowsStatement } from '../list.ts';
import type { Readable } from '../reading.ts';
import type { SelectedColumn, TextRow } from '../view.ts';
import { type Boundary, Extraordinary, type Needs, type Read, type Run } from './plan.ts';
import type { ArgumentsOf } from './selections.ts';
import { columnOf, Source } from './source.ts';

/** The row with the global id in the argument `id`, for viewers who may read what its owner has. */
export class RootSource extends Source {
  readonly #id: SelectedColumn;
  readonly #owner: SelectedColumn;

  constructor(
    readonly root: Readable,
    readonly argumentsOf: ArgumentsOf,
    needs: Needs,
  ) {
    const [id, owner] = [columnOf(root.view, 'id'), columnOf(root.view, root.owner)];
    super({ ...needs, columns: [...needs.columns, owner] }, id);
    this.#id = id;
    this.#owner = owner;
  }

  /** Throws Extraordinary where there is no such row, and whatever the root or an argument refuses. */
  async read(run: Run): Promise<Read> {
    const id = fromGlobalId(this.root.type, String(this.argumentsOf(run).id));
    if (this.#owner === this.#id) return this.#readOwner(id, run);
    const row = await this.#readRow(id, run);
    const boundary = this.#boundary(row[this.place(this.#owner)] ?? '');
    await this.root.enter(run.ctx, boundary.owner);
    return this.#read(row, await this.readBelow([row], boundary, run), run);
  }

  /** The owner itself. The argument says already whose rows those below are: they are read at the same time. */
  async #readOwner(id: string, run: Run): Promise<Read> {
    const isThere = await this.root.enter(run.ctx, id);
    const boundary = this.#boundary(id);
    const row = isThere && this.columns.length === 0 ? [id] : this.#readRow(id, run);
    if (this.below.some(({ keys }) => keys.some((key) => key !== this.#id))) {
      const whole = await row;
      return this.#read(whole, await this.readBelow([whole], boundary, run), run);
    }
    const [whole, below] = await Promise.all([row, this.readBelow([[id]], boundary, run)]);
    return this.#read(whole, below, run);
  }

  async #readRow(id: string, { reader }: Run): Promise<TextRow> {
    const { view } = this.root;
    const name = `${view.table} ${this.columns.join()}`;
    const row = await reader.readOne(name, id, (ids) => rowsStatement(view, this.columns, ids));
    if (!row) throw new Extraordinary('There is no such row.');
    return row;
  }

  #boundary(owner: string): Boundary {
    return { column: this.root.within, owner };
  }

  #read(row: TextRow, below: readonly Read[], run: Run): Read {
    return { run, rows: [row], spans: [{ start: 0, end: 1 }], slice: null, below };
  }
}
