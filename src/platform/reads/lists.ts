import { countRows, countStatement } from './count.ts';
import { type List, type Slice, sliceStatement } from './list.ts';
import type { Loaders } from './loaders.ts';
import { cursorsOf, firstSlice, type Page, type Paging, sliceOf, toPage, withNext } from './page.ts';
import type { Reader } from './reader.ts';

/*
 * Lists as resolvers read them: the same statements as compiled documents', with whole rows, batched by the request's
 * loaders over all parents of a level.
 */

interface Tools {
  readonly reader: Reader;
  readonly loaders: Loaders;
}

interface Placed<Row> {
  readonly row: Row;
  /** The order's column, as Postgres has it. */
  readonly at: string;
}

/** One parent's page of a list. Throws BadArgument, and what the list's conditions throw. */
export async function readConnection<Row extends { readonly id: string }, Args extends object>(
  ctx: Tools,
  list: List<Row, Args>,
  parentId: string,
  args: Args & Paging,
): Promise<Page<Row>> {
  const slice = sliceOf(list, args);
  const placed = await readSlices(ctx, list, parentId, args, withNext(slice));
  const places = new Map(placed.map(({ row, at }) => [row, at]));
  const write = cursorsOf(list);
  const cursorOf = (row: Row) => write(places.get(row) ?? '', row.id);
  const countAll = () => countOne(ctx, list, parentId, args);
  return toPage(slice, [...places.keys()], cursorOf, countAll);
}

/** A page for a parent that has no rows, as the list's `onlyOf` says. Throws BadArgument. */
export function emptyConnection<Row extends { readonly id: string }>(
  list: List<Row>,
  args: Paging,
): Page<Row> {
  return toPage<Row>(
    sliceOf(list, args),
    [],
    () => '',
    async () => 0,
  );
}

/** The first rows of one parent's list. Throws BadArgument. */
export async function readList<Row extends { readonly id: string }, Args extends object>(
  ctx: Tools,
  list: List<Row, Args>,
  parentId: string,
  args: Args & { readonly first: number },
): Promise<Row[]> {
  const rows = await readSlices(ctx, list, parentId, args, firstSlice(args.first));
  return rows.map(({ row }) => row);
}

async function readSlices<Row extends { readonly id: string }, Args extends object>(
  ctx: Tools,
  list: List<Row, Args>,
  parentId: string,
  args: Args,
  slice: Slice,
): Promise<Placed<Row>[]> {
  const { reader, loaders } = ctx;
  const columns = [...list.view.columns.values()].map(({ sql }) => sql);
  const conditions = (await list.where?.(args, ctx)) ?? [];
  const statementFor = (parents: string[]) => sliceStatement(list, columns, parents, slice, conditions);
  const by = [...list.view.columns.keys()].indexOf(list.by);
  const found = await loaders
    .of(nameOf(statementFor([])), async (parents) => {
      const slices = parents.map((parent) => [parent, [] as Placed<Row>[]] as const);
      for (const [number, ...texts] of await reader.read(statementFor(parents))) {
        const row = list.view.parse(texts);
        slices[Number(number) - 1]?.[1].push({ row, at: texts[by] ?? '' });
      }
      return slices;
    })
    .load(parentId);
  return found ?? [];
}

async function countOne<Row extends { readonly id: string }, Args extends object>(
  ctx: Tools,
  list: List<Row, Args>,
  parentId: string,
  args: Args,
): Promise<number> {
  const { reader, loaders } = ctx;
  const conditions = (await list.where?.(args, ctx)) ?? [];
  const count = await loaders
    .of(nameOf(countStatement(list, [], conditions)), async (parents) => {
      const counts = await countRows(reader, list, parents, conditions);
      return parents.map((parent, index) => [parent, counts[index] ?? 0] as const);
    })
    .load(parentId);
  return count ?? 0;
}

/** What is the same for all parents that can be read together. */
function nameOf({ text, values }: { text: string; values: readonly unknown[] }): string {
  return JSON.stringify([text, ...values]);
}
