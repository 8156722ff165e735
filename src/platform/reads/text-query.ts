import pg from 'pg';
import type { TextRow } from './view.ts';

/**
 * pg's query without what text needs not: no description of the columns is read each time, no row becomes an object. The
 * two methods are pg's own, by which its connection tells a query what comes; pg is pinned, and every read tests them.
 */
export class TextQuery extends pg.Query {
  readonly name: string | undefined;
  readonly #rows: TextRow[];

  private constructor(
    text: string,
    values: readonly string[],
    name: string | undefined,
    rows: TextRow[],
    done: (error: Error | undefined) => void,
  ) {
    super(text, [...values], done);
    this.name = name;
    this.#rows = rows;
  }

  handleRowDescription(): void {}

  handleDataRow({ fields }: { readonly fields: TextRow }): void {
    this.#rows.push(fields);
  }

  /** Reads all rows on a connection. */
  static read(
    client: pg.ClientBase,
    text: string,
    values: readonly (string | number)[],
    name: string | undefined,
  ): Promise<TextRow[]> {
    return new Promise((resolve, reject) => {
      const rows: TextRow[] = [];
      const query = new TextQuery(text, values.map(String), name, rows, (error) =>
        error ? reject(error) : resolve(rows),
      );
      client.query(query);
    });
  }
}
