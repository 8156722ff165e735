import { alternativesOf, arePlannedAnew, arrayText, type Bind, type Condition } from './condition.ts';
import { isMoment, isoTime } from './moment.ts';
import type { Statement } from './reader.ts';
import { type SelectedColumn, sqlOf, type View } from './view.ts';

/*
 * The one way to read lists. A view says what a table is; a list says to which parent its rows belong and in which
 * order they come. These two give one statement for all parents of a level: `unnest` of their ids, and for each a
 * lateral limit on an index that begins with the parent's column and goes on with the order. So "the newest five of
 * each" reads five rows of each, and page 10,000 costs what page 1 does.
 *
 * Rows of one moment are distinguished by their ids, also in the cursor. A cursor is the row's place and not a
 * number, so rows that are added meanwhile move nothing. Where some values are common and others rare, Postgres plans for
 * the very values; kept plans are for statements that are good for all values.
 *
 * A filter by a set of values keeps the order of the index: each value is a branch with its own limit, and Postgres
 * merges the branches (Merge Append). So a page of 50 reads 50 rows, and one more for each value.
 */

/** The rows of one table that belong to a parent, in an order; ties are broken by id. */
export interface List<
  Row extends { readonly id: string } = { readonly id: string },
  Args extends object = object,
> {
  readonly view: View<Row>;
  /** The column that names the parent; left out where there is none. */
  readonly of?: string;
  readonly by: string;
  readonly direction: 'DESC' | 'ASC';
  /**
   * Where no two rows have the same value in `by`: the column alone is the order, and a cursor is this text and the value.
   */
  readonly numbered?: string;
  /** Which of them; what the viewer may not see is left out. Throws BadArgument, InputProblem, Forbidden. */
  where?(args: Args, ctx: object): readonly Condition[] | Promise<readonly Condition[]>;
  /** Up to which place of its order a list is settled: its count keeps what was counted up to there (`count.ts`). */
  readonly settled?: Settled;
  /** Only parents that have this in a column have any. */
  readonly onlyOf?: { readonly column: string; readonly value: string };
}

/** Places of the order, as SQL; `parent.id` is the row above. */
interface Settled {
  /** No row before this is added or removed any more. */
  readonly rows: string;
  /** Nor does one change what the list's conditions ask. */
  readonly values: string;
}

/** A list whose rows never change, and are complete before this place of the order, as SQL. */
export function unchanging(place: string): Settled {
  return { rows: place, values: place };
}

/** A row's place in a list. */
export interface Position {
  /** What the list is ordered by, as its `Order` writes it. */
  readonly at: string;
  /** Empty in a list that is numbered. */
  readonly id: string;
}

/** How a place in the order of a list is written in a cursor and read in a statement. */
interface Order {
  /** The column's type in Postgres. */
  readonly type: 'timestamptz' | 'int' | 'bigint';
  /** Comes before all places, as Postgres reads it. */
  readonly lowest: string;
  /** Makes Postgres' text what a cursor has. */
  write(text: string): string;
  /** Whether a text is what `write` makes: nothing else may reach Postgres. */
  isWritten(at: string): boolean;
}

/** The orders that lists can have, by what the column holds. A new one is a line here. */
const orders: Readonly<Partial<Record<SelectedColumn['holds'], Order>>> = {
  MOMENT: { type: 'timestamptz', lowest: '-infinity', write: isoTime, isWritten: isMoment },
  // From 0 on.
  INTEGER: {
    type: 'int',
    lowest: '-1',
    write: (text) => text,
    isWritten: (at) => /^(0|[1-9]\d{0,9})$/.test(at) && Number(at) < 2 ** 31,
  },
  // From 1 on.
  BIGINT: {
    type: 'bigint',
    lowest: '0',
    write: (text) => text,
    isWritten: (at) => /^[1-9]\d{0,17}$/.test(at),
  },
};

/** The order of a list. */
export function orderOf({ view, by }: List): Order {
  const column = view.columns.get(by);
  const order = column && orders[column.holds];
  if (!order) throw new Error(`Nothing is ordered by ${view.table}.${by}.`);
  return order;
}

/** Which part of a list: `limit` rows from one end of what lies behind `after` and before `before`. */
export interface Slice<Cursor = Position> {
  readonly limit: number;
  readonly fromEnd: boolean;
  readonly after: Cursor | null;
  readonly before: Cursor | null;
}

/**
 * Reads a slice for each of some parents. The first column is the parent's number, from 1; parents follow each other in
 * order, and each one's rows stand in the list's order, from whichever end they were taken.
 */
export function sliceStatement(
  list: List,
  columns: readonly string[],
  parents: readonly string[],
  slice: Slice,
  conditions: readonly Condition[],
): Statement {
  const values: (string | number)[] = [];
  const bind: Bind = (value) => `$${values.push(value)}`;
  const order = sqlOf(list.view, list.by);
  const isDescending = list.direction === 'DESC';
  const parent = parentOf(list, parents, bind);
  const limit = bind(slice.limit);
  const told = isDescending ? 'DESC' : 'ASC';
  const taken = isDescending === slice.fromEnd ? 'ASC' : 'DESC';
  const places = list.numbered === undefined ? [order, 't."id"'] : [order];
  const beginning = `ORDER BY ${places.map((each) => `${each} ${taken}`).join(', ')} LIMIT ${limit}`;
  const always = [...parent.where, ...bounds(list, order, slice, bind)];
  const branches = alternativesOf(list.view, conditions, bind).map(
    (alternative) => `"${list.view.table}" t${whereOf([...always, ...alternative])}`,
  );
  const [only = '', ...others] = branches;
  const rows =
    others.length === 0
      ? only
      : `(${branches.map((branch) => `(SELECT t.* FROM ${branch} ${beginning})`).join(' UNION ALL\n    ')}) t`;
  const selected = columns.map((sql, index) => `${sql} AS c${index}`);
  return {
    text: `SELECT ${['parent.n', ...columns.map((_, index) => `page.c${index}`)].join(', ')}
FROM ${parent.from}
CROSS JOIN LATERAL (
  SELECT ${[...selected, ...places.map((each, index) => `${each} AS by_${index}`)].join(', ')}
  FROM ${rows}
  ${beginning}
) page
ORDER BY ${['parent.n', ...places.map((_, index) => `page.by_${index} ${told}`)].join(', ')}`,
    values,
    isPlannedAnew: arePlannedAnew(conditions),
  };
}

/** Reads rows by id, in any order, the id first; of these owners alone, where the view has that column. */
export function rowsStatement(
  view: View,
  columns: readonly string[],
  ids: readonly string[],
  only?: { readonly column: string; readonly owners: readonly string[] },
): Statement {
  const owner = only && view.columns.get(only.column);
  return {
    text: `SELECT ${['t."id"', ...columns].join(', ')} FROM "${view.table}" t
WHERE t."id" = ANY($1::uuid[])${owner ? ` AND ${owner.sql} = ANY($2::uuid[])` : ''}`,
    values: owner ? [arrayText(ids), arrayText(only.owners)] : [arrayText(ids)],
  };
}

/** The conditions as a clause. */
export function whereOf(conditions: readonly string[]): string {
  return conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : '';
}

/** The parents as a table with their ids and numbers, and the condition for the rows of one. */
export function parentOf({ view, of }: List, parents: readonly string[], bind: Bind) {
  if (of === undefined) return { from: '(VALUES (1)) AS parent(n)', where: [] };
  const ids = bind(arrayText(parents));
  return {
    from: `unnest(${ids}::uuid[]) WITH ORDINALITY AS parent(id, n)`,
    where: [`${sqlOf(view, of)} = parent.id`],
  };
}

/** A comparison of rows, which the index answers as it stands. */
function bounds(list: List, order: string, { after, before }: Slice, bind: Bind): string[] {
  const { type } = orderOf(list);
  const side = (position: Position | null, sign: '<' | '>') => {
    if (position === null) return [];
    const at = `${bind(position.at)}::${type}`;
    if (list.numbered !== undefined) return [`${order} ${sign} ${at}`];
    return [`(${order}, t."id") ${sign} (${at}, ${bind(position.id)}::uuid)`];
  };
  const [further, nearer] = list.direction === 'DESC' ? (['<', '>'] as const) : (['>', '<'] as const);
  return [...side(after, further), ...side(before, nearer)];
}

/** The usual list: what belongs to a parent, newest first. */
export function newest<
  Row extends { readonly id: string },
  Args extends object = object,
  Ctx extends object = object,
>(
  view: View<Row>,
  of: (string & keyof Row) | null,
  by: string & keyof Row,
  where?: (args: Args, ctx: Ctx) => readonly Condition[] | Promise<readonly Condition[]>,
): List<Row, Args> {
  return { view, of: of ?? undefined, by, direction: 'DESC', where };
}
