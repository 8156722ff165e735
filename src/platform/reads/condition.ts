import { sqlOf, type View } from './view.ts';

/** A condition on a list's rows, which are called `t`. */
export type Condition =
  | { readonly sql: string }
  /** `place` stands for the value, as in `$1`. */
  | {
      readonly sql: (place: string) => string;
      readonly value: string | number;
      /** Some values are common and others rare, so the best index depends on the value. */
      readonly isSkewed?: boolean;
      /** A row's answer changes with time. */
      readonly isMutable?: boolean;
    }
  | OneOf;

/**
 * The column has one of these values. An index of the list has the parent's column, this column, the list's order and
 * the id.
 */
interface OneOf {
  readonly column: string;
  /** The column's type in Postgres. */
  readonly type: string;
  readonly oneOf: readonly string[];
  /** A row's answer changes with time. */
  readonly isMutable?: boolean;
}

/**
 * Compares a column, by its name in the table, with a value: `compares('at', '>=', 'timestamptz', from)`. No condition
 * where the value is left out.
 */
export function compares(
  column: string,
  sign: '=' | '<' | '<=' | '>=',
  type: string,
  value: string | null | undefined,
): readonly Condition[] {
  return value == null ? [] : [{ sql: (place) => `t."${column}" ${sign} ${place}::${type}`, value }];
}

/** The column names one of these rows, of which there is at most one; no row is meant where there is none. */
export function names(column: string, ids: readonly string[] | null): readonly Condition[] {
  if (ids === null) return [];
  const [id] = ids;
  return id === undefined ? [{ sql: 'false' }] : compares(column, '=', 'uuid', id);
}

/** Makes a value a parameter of the statement; the text is the parameter's, as in `$1`. */
export type Bind = (value: string | number) => string;

/**
 * The conditions as alternatives, each of them a list of SQL conditions: a row is in the list when it meets one
 * alternative. No row meets two of them.
 *
 * With `= ANY`, an index no longer has the rows in the list's order, so Postgres reads all rows with these values and
 * sorts them. So one value is an equality, and several are an alternative each. Only the first set is divided, because an
 * index has only one such column; a further set stays `= ANY`.
 */
export function alternativesOf(view: View, conditions: readonly Condition[], bind: Bind): string[][] {
  const divided = conditions.find((each) => 'oneOf' in each);
  const common = conditions.flatMap((each) => (each === divided ? [] : [conditionText(view, each, bind)]));
  if (!divided) return [common];
  const { column, type, oneOf } = divided;
  const values = [...new Set(oneOf)];
  if (values.length === 0) return [[...common, 'false']];
  return values.map((value) => [...common, `${sqlOf(view, column)} = ${bind(value)}::${type}`]);
}

/** A condition as it is, for a statement that needs no order. */
export function conditionText(view: View, condition: Condition, bind: Bind): string {
  if ('oneOf' in condition) {
    const { column, type, oneOf } = condition;
    return `${sqlOf(view, column)} = ANY(${bind(arrayText(oneOf))}::${type}[])`;
  }
  return 'value' in condition ? condition.sql(bind(condition.value)) : condition.sql;
}

/**
 * Whether the best plan depends on the values. A set alone always has its index. Beside another condition, the index of
 * the one or of the other is better.
 */
export function arePlannedAnew(conditions: readonly Condition[]): boolean {
  return conditions.some(
    (each) => ('isSkewed' in each && each.isSkewed) || ('oneOf' in each && conditions.length > 1),
  );
}

/** An array of uuids, or of words without special characters, as Postgres reads it. */
export function arrayText(words: readonly string[]): string {
  return `{${words.join(',')}}`;
}
