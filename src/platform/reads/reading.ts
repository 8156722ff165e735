import { NotFound } from '../../errors.ts';
import { type IdType, toGlobalId } from './global-id.ts';
import type { List } from './list.ts';
import { emptyConnection, readConnection, readList } from './lists.ts';
import type { Loaders } from './loaders.ts';
import { maxPageSize, type Page, type Paging } from './page.ts';
import type { Owner, Readable, Roots, Visibility } from './readable.ts';
import type { Reader } from './reader.ts';
import type { View } from './view.ts';

/*
 * What a field of the API reads is said once, by one of the functions below, and both executors follow from it. A plan
 * makes statements of a reading (`plan/describe.ts`). graphql-js calls its resolver, for mutations, for subscriptions and
 * for documents that are not compiled. A plain column says nothing.
 */

/** What every reading needs of a request; what the product's rules and functions need besides is theirs to know. */
export interface Asking {
  readonly reader: Reader;
  readonly loaders: Loaders;
}

/** Makes a value of some columns of a row, the field's arguments and the request, without waiting for anything. */
interface Make {
  of(row: object, args: object, ctx: object): unknown;
}

/** What a plan must know of a field. */
type Description =
  | { readonly kind: 'GLOBAL_ID'; readonly type: IdType }
  | { readonly kind: 'COLUMN'; readonly name: string }
  | { readonly kind: 'MADE'; readonly names: readonly string[]; readonly make: Make }
  | { readonly kind: 'ASKED'; readonly names: readonly string[]; readonly make: Make }
  | { readonly kind: 'SAME' }
  | {
      readonly kind: 'ROW';
      readonly key: string;
      readonly to: Readable;
      readonly visible?: Visibility;
      /** Null where there is no such row any more. */
      readonly mayBeGone?: boolean;
    }
  | { readonly kind: 'LIST'; readonly list: List; readonly of: Owner; readonly length: number }
  | { readonly kind: 'CONNECTION'; readonly list: List; readonly of: Owner }
  | { readonly kind: 'ROOT'; readonly root: Readable }
  | { readonly kind: 'ROOT_CONNECTION'; readonly list: List; readonly owners: Readable | undefined }
  | { readonly kind: 'NODE' | 'NODES'; readonly roots: Roots }
  /** Made of the request alone. */
  | { readonly kind: 'REQUEST'; readonly make: Make };

/** What graphql-js calls. A function that needs more of its arguments than this says gets it: the field declares them. */
interface Resolver<Value> {
  resolve(row: object, args: object, ctx: object): Value | Promise<Value>;
}

/** How a field is read. It hangs on the field's definition as `extensions.read`. */
export class Reading<Value = unknown> implements Resolver<Value> {
  readonly #resolver: Resolver<Value>;

  constructor(
    readonly description: Description,
    resolver: Resolver<Value>,
  ) {
    this.#resolver = resolver;
  }

  resolve(row: object, args: object, ctx: object): Value | Promise<Value> {
    return this.#resolver.resolve(row, args, ctx);
  }
}

/** A row that has an id. */
export type Identified = { readonly id: string };
/** The columns of a row that have values of a type. */
type KeysOf<Row, Value> = { [Name in keyof Row]: Row[Name] extends Value ? Name : never }[keyof Row] & string;
const textIn = (row: object, name: string) => String(Reflect.get(row, name));

/** The global id of a row of this type. */
export function globalId(type: IdType): Reading<string> {
  return new Reading(
    { kind: 'GLOBAL_ID', type },
    { resolve: (row: object) => toGlobalId(type, textIn(row, 'id')) },
  );
}

/** A column under another name than the field's. */
export function column<Row extends Identified, Name extends string & keyof Row>(
  _: View<Row>,
  name: Name,
): Reading<Row[Name]> {
  return new Reading({ kind: 'COLUMN', name }, { resolve: (row: Row) => row[name] });
}

/** What `of` makes of these columns. */
export function made<
  Row extends Identified,
  Name extends string & keyof Row,
  Args extends object,
  Ctx extends object,
  Value,
>(
  _: View<Row>,
  names: readonly Name[],
  of: (row: Pick<Row, Name>, args: Args, ctx: Ctx) => Value,
): Reading<Value> {
  return new Reading({ kind: 'MADE', names, make: { of } }, { resolve: of });
}

/** The same, where `of` has to wait for something. For many rows, `of` is called for all of them at the same time. */
export function asked<
  Row extends Identified,
  Name extends string & keyof Row,
  Args extends object,
  Ctx extends object,
  Value,
>(
  _: View<Row>,
  names: readonly Name[],
  of: (row: Pick<Row, Name>, args: Args, ctx: Ctx) => Promise<Value>,
): Reading<Value> {
  return new Reading({ kind: 'ASKED', names, make: { of } }, { resolve: of });
}

/** The row itself, as an object of another type. */
export function same<Row extends Identified>(_: View<Row>): Reading<Row> {
  return new Reading<Row>({ kind: 'SAME' }, { resolve: (row: Row) => row });
}

/** The row whose id is in the column `key`. */
export function row<From extends Identified, To extends Identified>(
  _: View<From>,
  key: KeysOf<From, string>,
  to: Readable<To>,
): Reading<To> {
  return new Reading(
    { kind: 'ROW', key, to },
    { resolve: (from: object, _: object, ctx: object) => to.find(ctx, textIn(from, key)) },
  );
}

/** The same, or null where the column is. */
export function optionalRow<From extends Identified, To extends Identified>(
  _: View<From>,
  key: KeysOf<From, string | null>,
  to: Readable<To>,
): Reading<To | null> {
  const resolve = (from: object, _: object, ctx: object) =>
    Reflect.get(from, key) === null ? null : to.find(ctx, textIn(from, key));
  return new Reading<To | null>({ kind: 'ROW', key, to }, { resolve });
}

/** The same, and null where the row is gone. */
export function formerRow<From extends Identified, To extends Identified>(
  _: View<From>,
  key: KeysOf<From, string | null>,
  to: Readable<To>,
): Reading<To | null> {
  const resolve = async (from: object, _: object, ctx: object) => {
    if (Reflect.get(from, key) === null) return null;
    return to.find(ctx, textIn(from, key)).catch((error: unknown) => {
      if (error instanceof NotFound) return null;
      throw error;
    });
  };
  return new Reading<To | null>({ kind: 'ROW', key, to, mayBeGone: true }, { resolve });
}

/** The same, and null for viewers who may not see what the owner has. The owner's id is in the column `owner`. */
export function visibleRow<From extends Identified, To extends Identified>(
  from: View<From>,
  key: KeysOf<From, string | null>,
  to: Readable<To>,
  { owner, visible }: { readonly owner: KeysOf<From, string>; readonly visible: Visibility },
): Reading<To | null> {
  const found = formerRow(from, key, to);
  const resolve = async (row: object, args: object, ctx: object) =>
    Reflect.get(row, key) !== null && (await visible.allows(ctx, textIn(row, owner)))
      ? found.resolve(row, args, ctx)
      : null;
  return new Reading<To | null>({ kind: 'ROW', key, to, visible, mayBeGone: true }, { resolve });
}

/** The beginning of a list of a row's: as many as the argument `first` says, or `length`. */
export function list<Row extends Identified, Args extends object>(
  of: Owner,
  list: List<Row, Args>,
  length = maxPageSize,
): Reading<Row[]> {
  const resolve = async (above: object, args: Args & { readonly first?: number | null }, ctx: Asking) => {
    await of.enter(ctx, textIn(above, of.owner));
    if (!hasRows(list, above)) return [];
    return readList(ctx, list, textIn(above, 'id'), { ...args, first: args.first ?? length });
  };
  return new Reading<Row[]>({ kind: 'LIST', list, of, length }, { resolve });
}

/** A connection over a list of a row's. */
export function connection<Row extends Identified, Args extends object>(
  of: Owner,
  list: List<Row, Args>,
): Reading<Page<Row>> {
  const resolve = async (above: object, args: Args & Paging, ctx: Asking) => {
    await of.enter(ctx, textIn(above, of.owner));
    if (!hasRows(list, above)) return emptyConnection(list, args);
    return readConnection(ctx, list, textIn(above, 'id'), args);
  };
  return new Reading<Page<Row>>({ kind: 'CONNECTION', list, of }, { resolve });
}

/** Whether a list has rows for this row at all. */
function hasRows({ onlyOf }: Pick<List, 'onlyOf'>, above: object): boolean {
  return !onlyOf || Reflect.get(above, onlyOf.column) === onlyOf.value;
}
