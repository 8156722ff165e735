import pg from 'pg';
import type { TextRow } from './view.ts';

/**
 * pg's query, without what rows as text do not need: the description of the columns is not read each time, and the fields
 * of a row are kept as they came. The two methods are pg's own, which its connection calls with what has arrived. pg is
 * pinned, and every read tests them.
 *
 * pg itself can nearly do this (`rowMode: 'array'`, and `types` that leave each text as it is). It then copies each row
 * field by field and emits an event for it. Measured beside each other, that took 38 % more CPU for the library query and
 * 55 % more for ids and names: 0.66 and 0.63 of the limit (`bench/library.ts`) instead of 0.86 and 0.91.
 */
export class TextQuery extends pg.Query {
  readonly name: string | undefined;
  readonly #take: (row: TextRow) => void;

  private constructor(
    text: string,
    values: readonly string[],
    name: string | undefined,
    take: (row: TextRow) => void,
    done: (error: Error | undefined) => void,
  ) {
    super(text, [...values], done);
    this.name = name;
    this.#take = take;
  }

  handleRowDescription(): void {}

  handleDataRow({ fields }: { readonly fields: TextRow }): void {
    this.#take(fields);
  }

  /** Reads rows on a connection, and hands over each one when it arrives. `take` must not throw. */
  static read(
    client: pg.ClientBase,
    text: string,
    values: readonly (string | number)[],
    name: string | undefined,
    take: (row: TextRow) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const query = new TextQuery(text, values.map(String), name, take, (error) =>
        error ? reject(error) : resolve(),
      );
      client.query(query);
    });
  }
}
