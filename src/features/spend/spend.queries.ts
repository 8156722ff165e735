import { countDays } from '../../days.ts';
import { BadArgument, Forbidden } from '../../errors.ts';
import { Prisma } from '../../platform/db/generated/client.ts';
import { nilId } from '../../platform/db/nil-id.ts';
import { checkText } from '../../platform/graphql/text.ts';
import { type Asker, authorize } from '../access/authorize.ts';
import { type UserRow, userById, userIfVisible } from '../access/user.queries.ts';
import { type GenerationStatus, generationStatuses, isFinal } from '../generations/generation-state.ts';
import { figuresOf, type Sums, timedPlaces } from './figures.ts';
import type { SpendGrouping } from './grouping.ts';
import { matching } from './matching.ts';
import type { SpendArgs, SpendTotals } from './spend.type.ts';

/*
 * When a run ends, a trigger adds it to five rows of its day: by model, by character, by member, by key, and by all
 * four. A report reads the smallest slice that has each dimension by which it is grouped and filtered, so its cost
 * follows the number of days and names, not of runs. Medians come from a histogram in fourths of an octave. Ratings and
 * corrections change the same rows.
 */

/** The arguments of a report, and its project; null for all projects. */
export interface Asked extends Pick<SpendArgs, 'from' | 'to' | 'groupBy' | 'filter' | 'first'> {
  readonly projectId: string | null;
}

/** The dimensions of a row, by row ids. */
interface SpendKeys {
  readonly projectId: string | null;
  readonly startsOn: string | null;
  readonly modelSlug: string | null;
  readonly characterId: string | null;
  readonly userId: string | null;
  readonly apiKeyId: string | null;
  readonly status: GenerationStatus | null;
}
export interface SpendRowFound extends SpendKeys, SpendTotals {
  /** The project of the report; null for all projects. */
  readonly ofProjectId: string | null;
}

/** A report, and its arguments. */
export interface SpendReportFound {
  readonly asked: Asked;
  readonly rows: readonly SpendRowFound[];
  readonly hasMore: boolean;
  readonly totals: SpendTotals;
}

const mostRows = 1_000;
const mostDays = 3_653;
const periods: readonly SpendGrouping[] = ['DAY', 'WEEK', 'MONTH'];

/** The spending of a project. Throws NotFound, Forbidden, BadArgument, InputProblem. */
export async function projectSpend(
  ctx: Asker,
  projectId: string,
  args: SpendArgs,
): Promise<SpendReportFound> {
  await authorize(ctx, projectId, 'READ_SPEND');
  return report(ctx, { ...args, projectId });
}

/** The spending of all projects, also of deleted ones; for the admin. Throws Forbidden, BadArgument, InputProblem. */
export async function allSpend(ctx: Asker, args: SpendArgs): Promise<SpendReportFound> {
  if (ctx.viewer.kind !== 'ADMIN') throw new Forbidden('The spend of all projects is for the admin.');
  return report(ctx, { ...args, projectId: null });
}

type RowRead = Omit<Sums, 'seconds'> &
  Omit<SpendKeys, 'status'> & { isTotal: boolean; status: string | null; seconds: string };

/** A sum for each place of the histogram, which is faster than unnesting the arrays. */
const secondsSums = Prisma.raw(
  Array.from({ length: timedPlaces }, (_, index) => `sum(seconds[${index + 1}])`).join(),
);

async function report({ db }: Asker, asked: Asked): Promise<SpendReportFound> {
  checkAsked(asked);
  const { from, to, groupBy, first } = asked;
  const by = (grouping: SpendGrouping) => Prisma.sql`${groupBy.includes(grouping)}::boolean`;
  const period = periods.find((each) => groupBy.includes(each))?.toLowerCase() ?? null;
  const rows = await db.$queryRaw<RowRead[]>`
    SELECT grouping(starts_on) = 1 AS "isTotal", project_id::text AS "projectId",
      to_char(starts_on, 'YYYY-MM-DD') AS "startsOn", model AS "modelSlug", character_id::text AS "characterId",
      user_id::text AS "userId", api_key_id::text AS "apiKeyId", status,
      coalesce(sum(amount_micros), 0)::bigint AS amount, coalesce(sum(runs), 0)::bigint AS runs,
      coalesce(sum(failures), 0)::bigint AS failures, coalesce(sum(pictures), 0)::bigint AS pictures,
      coalesce(sum(discarded), 0)::bigint AS discarded, array_to_string(ARRAY[${secondsSums}], ' ') AS seconds
    FROM (
      SELECT CASE WHEN ${by('PROJECT')} THEN project_id END AS project_id,
        date_trunc(${period}::text, day::timestamp)::date AS starts_on,
        CASE WHEN ${by('MODEL')} THEN model END AS model,
        CASE WHEN ${by('CHARACTER')} THEN character_id END AS character_id,
        CASE WHEN ${by('MEMBER')} THEN user_id END AS user_id,
        CASE WHEN ${by('API_KEY')} THEN api_key_id END AS api_key_id,
        CASE WHEN ${by('STATUS')} THEN status END AS status,
        amount_micros, runs, failures, pictures, discarded, seconds
      FROM spend_rollups WHERE ${matching(asked)} AND day BETWEEN ${from}::date AND ${to}::date
    ) chosen
    GROUP BY GROUPING SETS ((), (project_id, starts_on, model, character_id, user_id, api_key_id, status))
    ORDER BY "isTotal" DESC, starts_on, amount DESC, project_id, model, character_id, user_id, api_key_id, status
    LIMIT ${first + 2}`;
  const [totals, ...others] = rows.map((row) => rowFound(asked, row));
  if (!totals) throw new Error('The query for a report returned no row of totals.');
  return { asked, rows: others.slice(0, first), hasMore: others.length > first, totals };
}

function rowFound({ projectId: ofProjectId }: Asked, row: RowRead): SpendRowFound {
  const known = (id: string | null) => (id === nilId ? null : id);
  return {
    ...figuresOf({ ...row, seconds: row.seconds === '' ? [] : row.seconds.split(' ').map(Number) }),
    ofProjectId,
    projectId: row.projectId,
    startsOn: row.startsOn,
    modelSlug: row.modelSlug,
    characterId: row.characterId,
    userId: known(row.userId),
    apiKeyId: known(row.apiKeyId),
    status: generationStatuses.find((each) => each === row.status) ?? null,
  };
}

function checkAsked({ from, to, groupBy, first, filter }: Asked): void {
  if (first < 1 || first > mostRows) {
    throw new BadArgument(`first must be from 1 to ${mostRows}; got ${first}.`);
  }
  if (new Set(groupBy.filter((each) => periods.includes(each))).size > 1) {
    throw new BadArgument('groupBy must have at most one of DAY, WEEK and MONTH.');
  }
  for (const model of filter?.models ?? []) checkText(['filter', 'models'], model, { maximum: 200 });
  const open = filter?.statuses?.find((status) => !isFinal(status));
  if (open) throw new BadArgument(`filter.statuses: only runs that have ended are counted; got ${open}.`);
  const days = countDays(from, to);
  if (days < 1) throw new BadArgument(`to must not be before from; got ${from} to ${to}.`);
  if (days > mostDays)
    throw new BadArgument(`from and to must be at most ten years apart; got ${days} days.`);
}

/** The user who requested the runs of a row; null for viewers who may not see the members of the project. */
export async function spender(
  ctx: Asker,
  { ofProjectId, userId }: Pick<SpendRowFound, 'ofProjectId' | 'userId'>,
): Promise<UserRow | null> {
  if (userId === null) return null;
  // Only the admin reads reports of all projects.
  return ofProjectId === null ? userById(ctx, userId) : userIfVisible(ctx, ofProjectId, userId);
}
