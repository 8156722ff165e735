import type { IdType } from './global-id.ts';
import type { View } from './view.ts';

/** Who may read what an owner has: a rule of the product's. */
export interface Owner {
  /** The column that names the owner of a row; `id` where the rows are the owners themselves. */
  readonly owner: string;
  /**
   * The name of what `enter` asks. A plan asks the same rule of the same owner once. Null where the rows have no rule: a
   * viewer who may read a row that names such a row may read it.
   */
  readonly rule: string | null;
  /** May the viewer read what the owner has? Throws when not. Resolves to whether that proves that the owner exists. */
  enter(ctx: object, ownerId: string): Promise<boolean>;
}

/** Rows that a document may reach by id, and who may read them. */
export interface Readable<Row extends { readonly id: string } = { readonly id: string }> extends Owner {
  readonly view: View<Row>;
  readonly type: IdType;
  /** Rows that a document is led to must name the same owner in this column, where their view has it. */
  readonly within: string;
  /** The row with this id. Throws NotFound, also for strangers. */
  find(ctx: object, id: string): Promise<Row>;
}

/** Who may see something of an owner's that is left out, and not refused, for other viewers. */
export interface Visibility {
  allows(ctx: object, ownerId: string): Promise<boolean>;
}

/** The rows that a global id may name, by the type of their objects. */
export type Roots = ReadonlyMap<string, Readable>;
