import { BadArgument } from '../../errors.ts';
import { cleanText } from '../../text.ts';
import { type List, orderOf, type Position, type Slice } from './list.ts';
import { isMoment } from './moment.ts';

/** A connection's arguments, as the Relay specification has them. */
export interface Paging {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
}

/** The largest page. */
export const maxPageSize = 100;

/** A position as clients carry it. */
export function encodeCursor({ at, id }: Position): string {
  return Buffer.from(`${at} ${id}`).toString('base64url');
}

/** Makes the cursors of a list, of Postgres' texts of the order's column and the id. */
export function cursorsOf(list: List): (at: string, id: string) => string {
  const { write } = orderOf(list);
  const { numbered } = list;
  if (numbered === undefined) return (at, id) => encodeCursor({ at: write(at), id });
  return (at) => Buffer.from(`${numbered}${write(at)}`).toString('base64url');
}

/** The text in a cursor; empty when it is spelled in another way, since base64 decoders skip what they do not know. */
export function openCursor(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  return Buffer.from(text).toString('base64url') === cursor ? text : '';
}

/** The error for a cursor that the list has not made. */
export function notACursor(argument: string, cursor: string): BadArgument {
  return new BadArgument(`${argument}: "${cleanText(cursor, 100)}" is not a cursor of this list.`);
}

/** Reads a cursor back; `isWritten` knows the list's order. Throws BadArgument on anything this server did not make. */
export function decodeCursor(argument: string, cursor: string, isWritten = isMoment): Position {
  const [at = '', id = '', ...rest] = openCursor(cursor).split(' ');
  if (rest.length > 0 || !isWritten(at) || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) {
    throw notACursor(argument, cursor);
  }
  return { at, id };
}

/** Throws BadArgument for a page that is too small or too large. */
export function checkFirst(first: number, argument = 'first'): void {
  if (first < 1 || first > maxPageSize) {
    throw new BadArgument(`${argument} must be from 1 to ${maxPageSize}; got ${first}.`);
  }
}

/** The slice of a list that the arguments ask for. Throws BadArgument. */
export function sliceOf(list: List, args: Paging): Slice {
  const { isWritten } = orderOf(list);
  const { numbered } = list;
  return readSlice(args, (argument, cursor) =>
    numbered === undefined
      ? decodeCursor(argument, cursor, isWritten)
      : decodeNumber(argument, cursor, numbered, isWritten),
  );
}

function decodeNumber(
  argument: string,
  cursor: string,
  prefix: string,
  isWritten: (at: string) => boolean,
): Position {
  const text = openCursor(cursor);
  const at = text.slice(prefix.length);
  if (!text.startsWith(prefix) || !isWritten(at)) throw notACursor(argument, cursor);
  return { at, id: '' };
}

/** What the arguments ask for, exactly; `decode` reads the list's own cursors. Throws BadArgument. */
export function readSlice<Cursor>(
  { first, after, last, before }: Paging,
  decode: (argument: string, cursor: string) => Cursor,
): Slice<Cursor> {
  if (first != null && last != null) throw new BadArgument('Give first or last, not both.');
  const limit = first ?? last;
  if (limit == null) throw new BadArgument(`Give first or last: from 1 to ${maxPageSize}.`);
  checkFirst(limit, first == null ? 'last' : 'first');
  return {
    limit,
    fromEnd: first == null,
    after: after == null ? null : decode('after', after),
    before: before == null ? null : decode('before', before),
  };
}

/** The first items of a list. Throws BadArgument. */
export function firstSlice(first: number): Slice {
  checkFirst(first);
  return { limit: first, fromEnd: false, after: null, before: null };
}

/** The same, and one row more, which shows whether the list continues after the page. */
export function withNext<Cursor>(slice: Slice<Cursor>): Slice<Cursor> {
  return { ...slice, limit: slice.limit + 1 };
}

/** What of the rows that were read, in the list's order and one more than wanted, is the page, and what is beside it. */
export function pageBounds({ fromEnd, limit, after, before }: Slice<unknown>, count: number) {
  const goesOn = count > limit;
  const start = fromEnd && goesOn ? 1 : 0;
  return {
    start,
    end: start + Math.min(count, limit),
    hasNextPage: fromEnd ? before !== null : goesOn,
    hasPreviousPage: fromEnd ? goesOn : after !== null,
  };
}

/** One page of rows, with the fields of a Relay connection. */
export interface Page<Row> {
  readonly edges: readonly { readonly cursor: string; readonly node: Row }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  /** Counted only when asked for. */
  readonly countAll: () => Promise<number>;
}

/** Makes a page of rows that were read in the list's order, one more than wanted where there is one. */
export function toPage<Row>(
  slice: Slice<unknown>,
  rows: readonly Row[],
  cursorOf: (row: Row) => string,
  countAll: () => Promise<number>,
): Page<Row> {
  const { start, end, hasNextPage, hasPreviousPage } = pageBounds(slice, rows.length);
  const edges = rows.slice(start, end).map((node) => ({ node, cursor: cursorOf(node) }));
  const [startCursor, endCursor] = [edges[0]?.cursor ?? null, edges.at(-1)?.cursor ?? null];
  return { edges, pageInfo: { hasNextPage, hasPreviousPage, startCursor, endCursor }, countAll };
}
