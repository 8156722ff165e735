import { countDays } from '../../days.ts';
import { BadArgument, Forbidden } from '../../errors.ts';
import { nilId } from '../../platform/db/nil-id.ts';
import { checkText } from '../../platform/graphql/text.ts';
import { type Asker, authorize } from '../access/authorize.ts';
import { type UserRow, userById, userIfVisible } from '../access/user.queries.ts';
import { type GenerationStatus, generationStatuses, isFinal } from '../generations/generation-state.ts';
import { figuresOf, parseHistogram, type Sums } from './figures.ts';
import { type Asked, periods, reportSql } from './report-sql.ts';
import type { SpendTotals } from './spend.type.ts';

/*
 * When a run ends, a trigger adds it to five rows of its day: by model, by character, by member, by key, and by all
 * four. A report reads the smallest slice that has each dimension by which it is grouped and filtered, so its cost
 * follows the number of days and names, not of runs. Medians come from a histogram in fourths of an octave. Summing
 * histograms takes four times as long as all other sums, so it is done only for documents with medians, and only for
 * the rows of the response. Ratings and corrections change the same rows.
 */

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

/** The spending of a project. Throws NotFound, Forbidden, BadArgument, InputProblem. */
export async function projectSpend(
  ctx: Asker,
  projectId: string,
  args: Omit<Asked, 'projectId'>,
): Promise<SpendReportFound> {
  await authorize(ctx, projectId, 'READ_SPEND');
  return report(ctx, { ...args, projectId });
}

/** The spending of all projects, also of deleted ones; for the admin. Throws Forbidden, BadArgument, InputProblem. */
export async function allSpend(ctx: Asker, args: Omit<Asked, 'projectId'>): Promise<SpendReportFound> {
  if (ctx.viewer.kind !== 'ADMIN') throw new Forbidden('The spend of all projects is for the admin.');
  return report(ctx, { ...args, projectId: null });
}

type RowRead = Omit<Sums, 'seconds'> &
  Omit<SpendKeys, 'status'> & { isTotal: boolean; status: string | null; seconds: string };

async function report({ db }: Asker, asked: Asked): Promise<SpendReportFound> {
  checkAsked(asked);
  const rows = await db.$queryRaw<RowRead[]>(reportSql(asked));
  const [totals, ...others] = rows.map((row) => rowFound(asked, row));
  if (!totals) throw new Error('The query for a report returned no row of totals.');
  const { first } = asked;
  return { asked, rows: others.slice(0, first), hasMore: others.length > first, totals };
}

function rowFound({ projectId: ofProjectId }: Asked, row: RowRead): SpendRowFound {
  const known = (id: string | null) => (id === nilId ? null : id);
  return {
    ...figuresOf({ ...row, seconds: parseHistogram(row.seconds) }),
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
