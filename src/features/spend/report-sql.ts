import { Prisma } from '../../platform/db/generated/client.ts';
import { timedPlaces } from './figures.ts';
import type { SpendGrouping } from './grouping.ts';
import { matching } from './matching.ts';
import type { SpendArgs } from './spend.type.ts';

/** The arguments of a report, and its project; null for all projects. */
export interface Asked extends Pick<SpendArgs, 'from' | 'to' | 'groupBy' | 'filter' | 'first'> {
  readonly projectId: string | null;
  /** Whether the document asks for `medianSeconds`. Without it the medians are null. */
  readonly needsMedians: boolean;
}

/** The groupings by time. A report has at most one of them. */
export const periods: readonly SpendGrouping[] = ['DAY', 'WEEK', 'MONTH'];

/** The columns of `spend_rollups` behind the groupings that are not by time, with their types. */
const columns = [
  { grouping: 'PROJECT', name: 'project_id', type: 'uuid' },
  { grouping: 'MODEL', name: 'model', type: 'text' },
  { grouping: 'CHARACTER', name: 'character_id', type: 'uuid' },
  { grouping: 'MEMBER', name: 'user_id', type: 'uuid' },
  { grouping: 'API_KEY', name: 'api_key_id', type: 'uuid' },
  { grouping: 'STATUS', name: 'status', type: 'text' },
] as const satisfies readonly { grouping: SpendGrouping; name: string; type: string }[];
const names = columns.map(({ name }) => name).join();
const order = Prisma.raw(`starts_on, amount_micros DESC, ${names}`);

const sums = Prisma.raw(
  ['amount_micros', 'runs', 'failures', 'pictures', 'discarded']
    .map((name) => `coalesce(sum(${name}), 0)::bigint AS ${name}`)
    .join(),
);
/** A sum for each place of the histogram, which is faster than unnesting the arrays. */
const histogram = Prisma.raw(
  `array_to_json(ARRAY[${Array.from({ length: timedPlaces }, (_, index) => `coalesce(sum(seconds[${index + 1}]), 0)`)}])::text`,
);
const noHistogram = Prisma.raw("'[]'");

/**
 * One statement, so that all figures are of one moment: the row of totals, then the groups in their order, one more than
 * requested. The totals need no grouping, so they are read from the smallest slice that the filter allows.
 */
export function reportSql(asked: Asked): Prisma.Sql {
  const { first, needsMedians } = asked;
  const { selected, grouped } = keysOf(asked);
  return Prisma.sql`
    WITH totals AS (
      SELECT ${sums}, ${needsMedians ? histogram : noHistogram} AS seconds FROM ${rowsOf({ ...asked, groupBy: [] })}
    ), groups AS (
      SELECT *, row_number() OVER (ORDER BY ${order}) AS place FROM (
        SELECT ${selected}, ${sums} FROM ${rowsOf(asked)} GROUP BY ${grouped} ORDER BY ${order} LIMIT ${first + 1}
      ) ordered
    ), timed AS (
      SELECT groups.*, ${needsMedians ? Prisma.sql`times.seconds` : noHistogram} AS seconds
      FROM groups ${needsMedians ? joinTimes(asked) : Prisma.empty}
    )
    SELECT true AS "isTotal", NULL AS "projectId", NULL AS "startsOn", NULL AS "modelSlug", NULL AS "characterId",
      NULL AS "userId", NULL AS "apiKeyId", NULL AS status, amount_micros AS amount, runs, failures, pictures, discarded,
      seconds, 0 AS place
    FROM totals
    UNION ALL
    SELECT false, project_id::text, to_char(starts_on, 'YYYY-MM-DD'), model, character_id::text, user_id::text,
      api_key_id::text, status, amount_micros, runs, failures, pictures, discarded, seconds, place
    FROM timed ORDER BY place`;
}

function rowsOf(scope: Asked): Prisma.Sql {
  return Prisma.sql`spend_rollups r WHERE ${matching(scope)} AND day BETWEEN ${scope.from}::date AND ${scope.to}::date`;
}

/** The grouped columns of a report, as they are computed from a row. */
function groupedColumns({ groupBy }: Asked): { readonly name: string; readonly sql: string }[] {
  const period = periods.find((each) => groupBy.includes(each))?.toLowerCase();
  const grouped = columns.filter(({ grouping }) => groupBy.includes(grouping)).map(({ name }) => name);
  return [
    ...(period ? [{ name: 'starts_on', sql: `date_trunc('${period}', r.day::timestamp)::date` }] : []),
    ...grouped.map((name) => ({ name, sql: `r.${name}` })),
  ];
}

/**
 * The columns of a group, and those of them that a row is grouped by. The other columns are null. Postgres would hash
 * the nulls for each row, so they are not in the GROUP BY. Without any grouping there is one group if there is any row.
 */
function keysOf(asked: Asked): { readonly selected: Prisma.Sql; readonly grouped: Prisma.Sql } {
  const grouped = groupedColumns(asked);
  const selected = [{ name: 'starts_on', type: 'date' }, ...columns].map(({ name, type }) => {
    const column = grouped.find((each) => each.name === name);
    return `${column?.sql ?? `NULL::${type}`} AS ${name}`;
  });
  const expressions = grouped.map(({ sql }) => sql).join();
  return {
    selected: Prisma.raw(selected.join()),
    grouped: Prisma.raw(expressions === '' ? '() HAVING count(*) > 0' : expressions),
  };
}

/** Joins the histograms of the groups. The condition on each column lets the index skip all names that are not shown. */
function joinTimes(asked: Asked): Prisma.Sql {
  const { selected, grouped } = keysOf(asked);
  const joined = groupedColumns(asked).map(({ name }) => name);
  const shown = joined.filter((name) => name !== 'starts_on');
  const only = shown.map((name) => ` AND r.${name} = ANY(ARRAY(SELECT ${name} FROM groups))`).join('');
  const equal = ['true', ...joined.map((name) => `times.${name} = groups.${name}`)].join(' AND ');
  return Prisma.sql`JOIN (
    SELECT ${selected}, ${histogram} AS seconds FROM ${rowsOf(asked)}${Prisma.raw(only)} GROUP BY ${grouped}
  ) times ON ${Prisma.raw(equal)}`;
}
