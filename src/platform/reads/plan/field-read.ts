import { Extensions } from 'type-graphql';
import type { List } from '../list.ts';
import type { View } from '../view.ts';

/*
 * What a field's resolver reads, said beside it: a document all of whose fields say so is compiled to statements; for any
 * other, and whenever something is out of the ordinary, the resolvers themselves are asked. A plain column says nothing.
 */

/** Whoever asks, as resolvers get it; what rooms hang here knows more of it. */
type Asking = object;

/** Where a document may begin, and whose rows it may reach from there: a rule of the product's. */
export interface Root {
  readonly view: View;
  /** The column that names the owner of a row; `id` where the rows are the owners themselves. */
  readonly owner: string;
  /** Rows that a document is led to must have the same owner in this column, where their view has it. */
  readonly within: string;
  /** May the viewer read what the owner has? Throws when not. Resolves to whether that proves that the owner exists. */
  enter(ctx: Asking, ownerId: string): Promise<boolean>;
}

/** Makes a field of a row that has certain columns, the field's arguments and whoever asks. */
interface Make<Row extends object = object, Args extends object = object, Ctx extends object = object> {
  of(row: Row, args: Args, ctx: Ctx): unknown;
}

/** What is made of these columns, without waiting for anything: by the resolver itself, unless it takes arguments. */
export interface ColumnsReading {
  readonly kind: 'COLUMNS';
  readonly names: readonly string[];
  readonly make?: Make;
}

type Reading =
  /** A column under another name. */
  | { readonly kind: 'COLUMN'; readonly name: string }
  | ColumnsReading
  /** The row that a column names. */
  | { readonly kind: 'ROW'; readonly view: View; readonly key: string }
  | { readonly kind: 'LIST' | 'CONNECTION'; readonly list: List }
  /** The row with the global id in the argument `id`. */
  | ({ readonly kind: 'ROOT' } & Root);

/** As it hangs on a field's definition. */
export class FieldRead {
  constructor(readonly reading: Reading) {}
}

const hang = (reading: Reading) => Extensions({ read: new FieldRead(reading) });

/** The field is a column under another name. */
export const ReadsColumn = (name: string) => hang({ kind: 'COLUMN', name });
/** The resolver makes the field of these columns of its row, without waiting. */
export const ReadsColumns = (...names: string[]) => hang({ kind: 'COLUMNS', names });
/** `of` makes the field of these columns: for fields with arguments, whose resolvers are only reached through promises. */
export const ReadsMade = <Row extends object, Args extends object, Ctx extends object>(
  names: readonly (string & keyof Row)[],
  of: (row: Row, args: Args, ctx: Ctx) => unknown,
) => {
  const make: Make<Row, Args, Ctx> = { of };
  return hang({ kind: 'COLUMNS', names, make });
};
/** The field is the row whose id is in the column `key`. */
export const ReadsRow = (view: View, key: string) => hang({ kind: 'ROW', view, key });
/** The field is the beginning of a list: `first` of it, or all. */
export const ReadsList = (list: List) => hang({ kind: 'LIST', list });
/** The field is a connection over a list. */
export const ReadsConnection = (list: List) => hang({ kind: 'CONNECTION', list });
/** The field begins a document: the row with the id in its argument. */
export const ReadsRoot = (root: Root) => hang({ kind: 'ROOT', ...root });
