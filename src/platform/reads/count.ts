import { LRUCache } from 'lru-cache';
import { type Bind, type Condition, conditionText } from './condition.ts';
import { type List, orderOf, parentOf, whereOf } from './list.ts';
import type { Reader, Statement } from './reader.ts';
import { sqlOf } from './view.ts';

/*
 * Counting a list of 800,000 rows takes some hundred times as long as reading a page of it. But the old part of a list may
 * be settled: no row is added to it, removed from it or changed (`List.settled`). So a process keeps the number of
 * rows in the settled part, and from then on counts only the rows after it.
 *
 * The database says with each count up to where the list is settled now, and which table this is. When that is before
 * than what was kept, because rows are being removed, the whole list is counted again. It is also counted again after
 * Postgres was started again or the table was made again, because the database may have been restored, and ten minutes
 * after it was last counted.
 */

/** How many rows come before a place of the order. */
interface Kept {
  readonly rows: number;
  /** The place, as Postgres writes it. */
  readonly until: string;
  /** When Postgres was started, and the table's number: other tables have other rows. */
  readonly table: string;
}

const mostKept = 5_000;
const keptForMs = 10 * 60_000;

/** The kept numbers of each reader, by the list and its parent. */
const keptBy = new WeakMap<Reader, LRUCache<string, Kept>>();

/** How many rows the list of each parent has, in the order of the parents. A list that is of no row has one parent. */
export async function countRows(
  reader: Reader,
  list: List,
  parents: readonly string[],
  conditions: readonly Condition[],
): Promise<number[]> {
  const { settled } = list;
  if (!settled) return countAll(reader, list, parents, conditions);
  const kept =
    keptBy.get(reader) ?? new LRUCache<string, Kept>({ max: mostKept, ttl: keptForMs, noUpdateTTL: true });
  keptBy.set(reader, kept);
  const name = keyOf(list, conditions);
  const known = parents.map((parent) => kept.get(`${name} ${parent}`));
  const isMutable = conditions.some((each) => 'isMutable' in each && each.isMutable);
  const settledUntil = isMutable ? settled.values : settled.rows;
  const counts = new Array<number>(parents.length).fill(0);
  const rows = await reader.read(keptStatement(list, settledUntil, parents, known, conditions));
  for (const [number, isContinued, count, settledCount, until, made] of rows) {
    const index = Number(number) - 1;
    const before = isContinued === 't' ? (known[index]?.rows ?? 0) : 0;
    counts[index] = before + Number(count);
    if (until && made)
      kept.set(`${name} ${parents[index]}`, { rows: before + Number(settledCount), until, table: made });
  }
  return counts;
}

async function countAll(
  reader: Reader,
  list: List,
  parents: readonly string[],
  conditions: readonly Condition[],
): Promise<number[]> {
  const counts = new Array<number>(Math.max(parents.length, 1)).fill(0);
  for (const [number, rows] of await reader.read(countStatement(list, parents, conditions)))
    counts[Number(number) - 1] = Number(rows);
  return counts;
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
  return {
    text: `SELECT parent.n, counted.rows FROM ${parent.from}
CROSS JOIN LATERAL (
  SELECT count(*) AS rows FROM ${rowsOf(list, parent.where, conditions, bind)}
) counted`,
    values,
  };
}

/**
 * Counts the rows after what is known: the number of the parent, whether the known number goes on, the rows, those of
 * them that are settled, up to where they are, and which table this is.
 */
function keptStatement(
  list: List,
  settledUntil: string,
  parents: readonly string[],
  known: readonly (Kept | undefined)[],
  conditions: readonly Condition[],
): Statement {
  const values: (string | number)[] = [];
  const bind: Bind = (value) => `$${values.push(value)}`;
  const parent = parentOf(list, parents, bind);
  const { type, lowest } = orderOf(list);
  const untils = bind(textArray(known.map((each) => each?.until ?? lowest)));
  const tables = bind(textArray(known.map((each) => each?.table ?? '')));
  const order = sqlOf(list.view, list.by);
  return {
    text: `WITH parent AS MATERIALIZED (
  SELECT parent.*, ${settledUntil} AS until,
    pg_postmaster_start_time() || ' ' || '"${list.view.table}"'::regclass::oid AS made,
    (${untils}::${type}[])[parent.n] AS known_until, (${tables}::text[])[parent.n] AS known_made
  FROM ${parent.from}
)
SELECT parent.n, since.until > '${lowest}', counted.rows, counted.settled, parent.until, parent.made
FROM parent
CROSS JOIN LATERAL (
  SELECT CASE WHEN known_until <= parent.until AND known_made = made THEN known_until ELSE '${lowest}' END AS until
) since
CROSS JOIN LATERAL (
  SELECT count(*) AS rows, count(*) FILTER (WHERE ${order} < parent.until) AS settled
  FROM ${rowsOf(list, [...parent.where, `${order} >= since.until`], conditions, bind)}
) counted`,
    values,
  };
}

function rowsOf(
  { view }: List,
  where: readonly string[],
  conditions: readonly Condition[],
  bind: Bind,
): string {
  return `"${view.table}" t${whereOf([...where, ...conditions.map((each) => conditionText(view, each, bind))])}`;
}

/** An array of texts without quotes and backslashes, as Postgres reads it. */
function textArray(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${text}"`).join(',')}}`;
}

/** What lists have in common that differ in nothing but their parents. */
function keyOf(list: List, conditions: readonly Condition[]): string {
  const { text, values } = countStatement(list, [], conditions);
  return JSON.stringify([text, ...values]);
}
