import { fromGlobalId } from './global-id.ts';
import type { List } from './list.ts';
import { readConnection } from './lists.ts';
import type { Page, Paging } from './page.ts';
import type { Readable, Roots } from './readable.ts';
import { type Asking, type Identified, Reading } from './reading.ts';

/* The readings of the fields of the query, which have no row above them. */

/**
 * A field of the query: a connection over a list that belongs to no row. `owners` is left out where nothing below its rows
 * is read. The list's own conditions leave out what the viewer may not see.
 */
export function rootConnection<Row extends Identified, Args extends object>(
  list: List<Row, Args>,
  owners?: Readable<Row>,
): Reading<Page<Row>> {
  const resolve = async (_: object, args: Args & Paging, ctx: Asking) => readConnection(ctx, list, '', args);
  return new Reading<Page<Row>>({ kind: 'ROOT_CONNECTION', list, owners }, { resolve });
}

/** A field of the query: the row with the global id in the argument `id`. */
export function byId<Row extends Identified>(root: Readable<Row>): Reading<Row> {
  const resolve = (_: object, { id }: { readonly id: string }, ctx: object) =>
    root.find(ctx, fromGlobalId(root.type, id));
  return new Reading({ kind: 'ROOT', root }, { resolve });
}

/** A field of the query: the object with the global id in the argument `id`, of any of these types, as `find` does. */
export function node<Ctx extends object>(
  roots: Roots,
  find: (ctx: Ctx, id: string) => Promise<object>,
): Reading<object> {
  const resolve = (_: object, { id }: { readonly id: string }, ctx: Ctx) => find(ctx, id);
  return new Reading({ kind: 'NODE', roots }, { resolve });
}

/** A field of the query: the objects with the global ids in the argument `ids`. */
export function nodes<Ctx extends object>(
  roots: Roots,
  find: (ctx: Ctx, ids: readonly string[]) => Promise<object | Error>[],
): Reading<unknown> {
  const resolve = (_: object, { ids }: { readonly ids: readonly string[] }, ctx: Ctx) => find(ctx, ids);
  return new Reading({ kind: 'NODES', roots }, { resolve });
}

/** A field of the query: what `of` makes of the request, without reading anything or waiting for anything. */
export function ofRequest<Ctx extends object, Value>(of: (ctx: Ctx) => Value): Reading<Value> {
  const make = (_: object, __: object, ctx: Ctx) => of(ctx);
  return new Reading({ kind: 'REQUEST', make: { of: make } }, { resolve: make });
}
