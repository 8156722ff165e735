import { Prisma } from '../../platform/db/generated/client.ts';
import { timedPlaces } from './figures.ts';
import type { SpendGrouping } from './grouping.ts';
import { matching } from './matching.ts';
import type { Asked } from './spend.queries.ts';

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
const keys = Prisma.raw(`starts_on, ${names}`);
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
  return Prisma.sql`
    WITH totals AS (
      SELECT ${sums}, ${needsMedians ? histogram : noHistogram} AS seconds FROM ${rowsOf({ ...asked, groupBy: [] })}
    ), groups AS (
      SELECT *, row_number() OVER (ORDER BY ${order}) AS place FROM (
        SELECT ${keys}, ${sums}
        FROM (SELECT ${keysOf(asked)}, amount_micros, runs, failures, pictures, discarded FROM ${rowsOf(asked)}) chosen
        GROUP BY ${keys} ORDER BY ${order} LIMIT ${first + 1}
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
  return Prisma.sql`spend_rollups WHERE ${matching(scope)} AND day BETWEEN ${scope.from}::date AND ${scope.to}::date`;
}

/** The columns of a group. A column by which the report is not grouped is null. */
function keysOf({ groupBy }: Asked): Prisma.Sql {
  const period = periods.find((each) => groupBy.includes(each))?.toLowerCase();
  const others = columns.map(({ grouping, name, type }) =>
    groupBy.includes(grouping) ? name : `NULL::${type} AS ${name}`,
  );
  const startsOn = period ? `date_trunc('${period}', day::timestamp)::date` : 'NULL::date';
  return Prisma.raw([`${startsOn} AS starts_on`, ...others].join());
}

/** Joins the histograms of the groups. The condition on each column lets the index skip all names that are not shown. */
function joinTimes(asked: Asked): Prisma.Sql {
  const { groupBy } = asked;
  const shown = columns.filter(({ grouping }) => groupBy.includes(grouping)).map(({ name }) => name);
  const only = shown.map((name) => ` AND ${name} = ANY(ARRAY(SELECT ${name} FROM groups))`).join('');
  const joined = periods.some((each) => groupBy.includes(each)) ? ['starts_on', ...shown] : shown;
  const equal = ['true', ...joined.map((name) => `times.${name} = groups.${name}`)].join(' AND ');
  return Prisma.sql`JOIN (
    SELECT ${keys}, ${histogram} AS seconds
    FROM (SELECT ${keysOf(asked)}, seconds FROM ${rowsOf(asked)}${Prisma.raw(only)}) chosen GROUP BY ${keys}
  ) times ON ${Prisma.raw(equal)}`;
}
