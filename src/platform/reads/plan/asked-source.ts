import type { SelectedColumn } from '../view.ts';
import type { Above, Run } from './plan.ts';
import { BelowSource, noRows, type Own } from './source.ts';

/** Finds a value for a row, which has only the columns that were asked for. */
type Find = (run: Run, texts: readonly (string | null)[]) => unknown;

/** What a function finds for each row above, for all of them at the same time. */
export class AskedSource extends BelowSource {
  constructor(
    readonly keys: readonly SelectedColumn[],
    readonly find: Find,
  ) {
    super({ columns: [], below: [] }, null);
  }

  protected async readOwn(run: Run, { rows, layout }: Above): Promise<Own> {
    const places = this.keys.map((key) => layout.place(key));
    const values = await Promise.all(
      rows.map(async (row) =>
        this.find(
          run,
          places.map((place) => row[place] ?? null),
        ),
      ),
    );
    return { rows: [], spans: rows.map(() => noRows), slice: null, values };
  }
}
