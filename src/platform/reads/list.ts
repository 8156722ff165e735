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
 * number, so rows that are added meanwhile move nothing. Where some values are common and others rare, as with
 * statuses, Postgres plans for the very values; kept plans are for statements that are good for all values.
 */

/** A condition on a list's rows, which are called `t`. */
export type Condition =
  | { readonly sql: string }
  /** `place` stands for the value, as in `$1`. */
  | {
      readonly sql: (place: string) => string;
      readonly value: string | number;
      /** Some values are common and others rare, so the best index depends on the value. */
      readonly isSkewed?: boolean;
    };

/** Makes a value a parameter of the statement; the text is the parameter's, as in `$1`. */
type Bind = (value: string | number) => string;

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
  /** Which of them. Throws BadArgument, InputProblem. */
  where?(args: Args): readonly Condition[];
  /** Only parents that have this in a column have any. */
  readonly onlyOf?: { readonly column: string; readonly value: string };
}

/** A row's place in a list. */
export interface Position {
  /** What the list is ordered by, as its `Order` writes it. */
  readonly at: string;
  readonly id: string;
}

/** How a place in the order of a list is written in a cursor and read in a statement. */
interface Order {
  /** The column's type in Postgres. */
  readonly type: 'timestamptz' | 'int';
  /** Makes Postgres' text what a cursor has. */
  write(text: string): string;
  /** Whether a text is what `write` makes: nothing else may reach Postgres. */
  isWritten(at: string): boolean;
}

/** The orders that lists can have, by what the column holds. A new one is a line here. */
const orders: Readonly<Partial<Record<SelectedColumn['holds'], Order>>> = {
  MOMENT: { type: 'timestamptz', write: isoTime, isWritten: isMoment },
  // From 0 on.
  INTEGER: {
    type: 'int',
    write: (text) => text,
    isWritten: (at) => /^(0|[1-9]\d{0,9})$/.test(at) && Number(at) < 2 ** 31,
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
  const where = [
    ...parent.where,
    ...bounds(list, order, slice, bind),
    ...conditions.map((each) => conditionText(each, bind)),
  ];
  const selected = columns.map((sql, index) => `${sql} AS c${index}`);
  return {
    text: `SELECT ${['parent.n', ...columns.map((_, index) => `page.c${index}`)].join(', ')}
FROM ${parent.from}
CROSS JOIN LATERAL (
  SELECT ${[...selected, `${order} AS by_order`, 't."id" AS by_id'].join(', ')}
  FROM "${list.view.table}" t${whereOf(where)}
  ORDER BY ${order} ${taken}, t."id" ${taken} LIMIT ${limit}
) page
ORDER BY parent.n, page.by_order ${told}, page.by_id ${told}`,
    values,
    isPlannedAnew: conditions.some((each) => 'isSkewed' in each && each.isSkewed),
  };
}

/** Counts whole lists: the number of each parent, from 1, and how many rows it has. */
export function countStatement(
  list: List,
  parents: readonly string[],
  conditions: readonly Condition[],
): Statement {
  const values: (string | number)[] = [];
  const bind: Bind = (value) => `$${values.push(value)}`;
  const parent = parentOf(list, parents, bind);
  const where = whereOf([...parent.where, ...conditions.map((each) => conditionText(each, bind))]);
  return {
    text: `SELECT parent.n, counted.rows FROM ${parent.from}
CROSS JOIN LATERAL (
  SELECT count(*) AS rows FROM "${list.view.table}" t${where}
) counted`,
    values,
  };
}

/** Reads rows by id, in any order, the id first; one owner's alone, where one is given and the view has that column. */
export function rowsStatement(
  view: View,
  columns: readonly string[],
  ids: readonly string[],
  only?: { readonly column: string; readonly owner: string },
): Statement {
  const owner = only && view.columns.get(only.column);
  return {
    text: `SELECT ${['t."id"', ...columns].join(', ')} FROM "${view.table}" t
WHERE t."id" = ANY($1::uuid[])${owner ? ` AND ${owner.sql} = $2::uuid` : ''}`,
    values: owner ? [arrayText(ids), only.owner] : [arrayText(ids)],
  };
}

function whereOf(conditions: readonly string[]): string {
  return conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : '';
}

function conditionText(condition: Condition, bind: Bind): string {
  return 'value' in condition ? condition.sql(bind(condition.value)) : condition.sql;
}

/** An array of uuids, or of words without special characters, as Postgres reads it. */
export function arrayText(words: readonly string[]): string {
  return `{${words.join(',')}}`;
}

function parentOf({ view, of }: List, parents: readonly string[], bind: Bind) {
  if (of === undefined) return { from: '(VALUES (1)) AS parent(n)', where: [] };
  const ids = bind(arrayText(parents));
  return {
    from: `unnest(${ids}::uuid[]) WITH ORDINALITY AS parent(id, n)`,
    where: [`${sqlOf(view, of)} = parent.id`],
  };
}

/** A row comparison, which the index answers as it stands. */
function bounds(list: List, order: string, { after, before }: Slice, bind: Bind): string[] {
  const { type } = orderOf(list);
  const side = (position: Position | null, sign: '<' | '>') =>
    position === null
      ? []
      : [`(${order}, t."id") ${sign} (${bind(position.at)}::${type}, ${bind(position.id)}::uuid)`];
  const [further, nearer] = list.direction === 'DESC' ? (['<', '>'] as const) : (['>', '<'] as const);
  return [...side(after, further), ...side(before, nearer)];
}

/** The usual list: what belongs to a parent, newest first. */
export function newest<Row extends { readonly id: string }, Args extends object = object>(
  view: View<Row>,
  of: (string & keyof Row) | null,
  by: string & keyof Row,
  where?: (args: Args) => readonly Condition[],
): List<Row, Args> {
  return { view, of: of ?? undefined, by, direction: 'DESC', where };
}
