import DataLoader from 'dataloader';

/*
 * Rows and roles are read once in a request, by loaders. But the mutations of one document run one after another,
 * and the second must see what the first has changed. So the loaders forget before and after each.
 */

/** A request's batching loaders, each made when first asked for. They cache, so they must not outlive the request. */
export class Loaders {
  readonly #loaders = new Map<string, DataLoader<string, unknown>>();

  /** Forgets all that was read: later reads ask the database again. */
  clear(): void {
    this.#loaders.clear();
  }

  /** The loader called `name`; `batch` reads many keys at once and pairs each row with its key. */
  of<Row>(name: string, batch: (keys: string[]) => Promise<readonly (readonly [key: string, row: Row])[]>) {
    const load = async (keys: readonly string[]) => {
      const rows = new Map(await batch([...keys]));
      return keys.map((key) => rows.get(key) ?? null);
    };
    const loader = this.#loaders.get(name) ?? new DataLoader<string, unknown>(load);
    this.#loaders.set(name, loader);
    return loader as DataLoader<string, Row | null>;
  }
}
