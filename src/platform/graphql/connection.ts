import { Extensions, Field, ID, Int, InterfaceType, ObjectType } from 'type-graphql';
import { BadArgument } from '../../errors.ts';

@InterfaceType({ description: 'Something with an id that is unique across all types.' })
export abstract class Node {
  @Field(() => ID, { description: 'Opaque and stable; `node(id:)` finds the thing again.' })
  id: string;
}

@ObjectType({ description: 'Where a page stands in its list, as the Relay specification has it.' })
export class PageInfo {
  @Field(() => Boolean, { description: 'More items follow.' })
  hasNextPage: boolean;
  @Field(() => Boolean, { description: 'Items come before this page.' })
  hasPreviousPage: boolean;
  @Field(() => String, { nullable: true, description: "The first item's cursor." })
  startCursor: string | null;
  @Field(() => String, { nullable: true, description: "The last item's cursor: the next page's `after`." })
  endCursor: string | null;
}

/** One page of rows, with what a Relay connection tells of it. */
export interface Page<Row> {
  readonly edges: readonly { readonly cursor: string; readonly node: Row }[];
  readonly pageInfo: PageInfo;
  /** Counted only when asked for. */
  readonly countAll: () => Promise<number>;
}

/** A row's place in a list ordered by time, then id. */
export interface Position {
  readonly at: Date;
  readonly id: string;
}

/** The largest page. */
export const maxPageSize = 100;

function encodeCursor({ at, id }: Position): string {
  return Buffer.from(`${at.toISOString()} ${id}`).toString('base64url');
}

/** Reads a cursor back. Throws BadArgument on anything this server did not make. */
export function decodeCursor(cursor: string): Position {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([0-9a-f-]{36})$/.exec(
    Buffer.from(cursor, 'base64url').toString('utf8'),
  );
  const at = new Date(match?.[1] ?? Number.NaN);
  if (
    !match?.[2] ||
    !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(match[2]) ||
    Number.isNaN(at.getTime())
  ) {
    throw new BadArgument(`after: "${cursor.slice(0, 100)}" is not a cursor of this list.`);
  }
  return { at, id: match[2] };
}

/** The rows behind a position, newest first, as a Prisma filter; the first bound lets the index do its work. */
export function behind<Column extends string>(column: Column, after: Position | null) {
  if (!after) return {};
  return {
    [column]: { lte: after.at },
    OR: [{ [column]: { lt: after.at } }, { [column]: after.at, id: { lt: after.id } }],
  };
}

/** What a list's reader gets: read `limit` rows behind `after`. */
export interface Slice {
  readonly after: Position | null;
  readonly limit: number;
}

/** Throws BadArgument for a page that is too small or too large. */
export function checkFirst(first: number): void {
  if (first < 1 || first > maxPageSize) {
    throw new BadArgument(`first must be from 1 to ${maxPageSize}; got ${first}.`);
  }
}

/** Reads one page: asks for one row more than wanted, which tells whether there is a next page. */
export async function readPage<Row extends { readonly id: string }>(
  args: { readonly first: number; readonly after?: string | null },
  positionAt: (row: Row) => Date,
  read: (slice: Slice) => Promise<Row[]>,
  count: () => Promise<number>,
): Promise<Page<Row>> {
  checkFirst(args.first);
  const after = args.after == null ? null : decodeCursor(args.after);
  const rows = await read({ after, limit: args.first + 1 });
  return toPage(args, rows, (row) => encodeCursor({ at: positionAt(row), id: row.id }), count);
}

/** Makes a page of rows that were read, one more than wanted where there is one. */
export function toPage<Row>(
  args: { readonly first: number; readonly after?: string | null },
  rows: readonly Row[],
  cursorOf: (row: Row) => string,
  count: () => Promise<number>,
): Page<Row> {
  const edges = rows.slice(0, args.first).map((node) => ({ node, cursor: cursorOf(node) }));
  return {
    edges,
    pageInfo: {
      hasNextPage: rows.length > args.first,
      hasPreviousPage: args.after != null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    countAll: count,
  };
}

/** The Relay connection type of a node type; called once per type. */
export function connectionType<Row extends object>(name: string, node: () => new () => Row) {
  @ObjectType(`${name}Edge`, { description: `One ${name} of a page, and its cursor.` })
  class Edge {
    @Field(() => String, { description: 'Opaque; give it as `after` to go on behind this item.' })
    cursor: string;
    @Field(() => node(), { description: 'The item.' })
    node: Row;
  }

  @ObjectType(`${name}Connection`, { description: `A page of ${name}s, newest first.` })
  class Connection {
    @Field(() => [Edge], { description: 'The items with their cursors.' })
    edges: Edge[];
    @Field(() => [node()], { description: 'The items alone.' })
    nodes(): Row[] {
      return this.edges.map((edge) => edge.node);
    }
    @Field(() => PageInfo, { description: 'Where this page stands.' })
    pageInfo: PageInfo;
    @Extensions({ points: 10 })
    @Field(() => Int, {
      description: 'How many items the whole list has; counted only when asked for, for ten points.',
    })
    totalCount(): Promise<number> {
      return this.countAll();
    }
    countAll: () => Promise<number>;
  }
  return Connection;
}
