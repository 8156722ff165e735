import { addDays, countDays } from '../../days.ts';
import { perUnit } from '../../money.ts';
import type { Uses } from '../../platform/context.ts';
import { Prisma } from '../../platform/db/generated/client.ts';
import { readStandings } from '../budgets/windows.ts';
import { matching, type Scope } from './matching.ts';
import type { SpendReportFound } from './spend.queries.ts';

/** The expected spending. */
export interface Forecast {
  readonly until: string;
  readonly amount: bigint;
  readonly perDay: bigint;
  /** The first day on which one of the project's own budgets is used up. */
  readonly budgetRunsOutOn: string | null;
  /** The budget that is used up on that day. */
  readonly budgetId: string | null;
}

/** A hundred years. Calendars end, so a later day is not computed. */
const farthestDays = 36_525n;

/**
 * The expected total of a report at the end of its last day, when each day after today costs the mean of the last days.
 * Null when that day is over already.
 */
export async function forecastOf(
  ctx: Uses<'db'>,
  { asked, totals }: SpendReportFound,
): Promise<Forecast | null> {
  const { from, to, projectId } = asked;
  const pace = await readPace(ctx, asked);
  if (to < pace.today) return null;
  const next = addDays(pace.today, 1);
  const left = BigInt(Math.max(0, countDays(from > next ? from : next, to)));
  const amount = totals.amount + pace.perDay * left;
  const runsOut = projectId === null ? null : await firstToRunOut(ctx, projectId);
  return {
    until: to,
    amount,
    perDay: pace.perDay,
    budgetRunsOutOn: runsOut?.day ?? null,
    budgetId: runsOut?.id ?? null,
  };
}

/** The budget of the whole project that is used up first, within its present period. */
async function firstToRunOut(
  ctx: Uses<'db'>,
  projectId: string,
): Promise<{ id: string; day: string } | null> {
  const { today, perDay } = await readPace(ctx, { projectId, groupBy: [] });
  const budgets = await ctx.db.budget.findMany({
    where: { projectId, scope: 'PROJECT', removedAt: null },
    select: { id: true },
  });
  const standings = await readStandings(
    ctx.db,
    budgets.map(({ id }) => id),
  );
  const running = standings.flatMap(([id, { availableMicros, endsOn }]) => {
    const day = usedUpOn(today, availableMicros, perDay);
    return day !== null && (endsOn === null || day <= endsOn) ? [{ id, day }] : [];
  });
  return running.toSorted((one, other) => one.day.localeCompare(other.day))[0] ?? null;
}

/**
 * The day on which a budget is used up when each day after `today` costs `perDay`; null when not within `farthestDays`.
 */
export function usedUpOn(today: string, available: bigint, perDay: bigint): string | null {
  if (available <= 0n) return today;
  if (perDay <= 0n) return null;
  const days = (available + perDay - 1n) / perDay;
  return days > farthestDays ? null : addDays(today, Number(days));
}

/** The time zone of a report's days: that of its project, or UTC for all projects, whose zones may differ. */
function zoneOf({ projectId }: Scope): Prisma.Sql {
  if (projectId === null) return Prisma.sql`SELECT 'UTC' AS time_zone`;
  return Prisma.sql`SELECT time_zone FROM projects WHERE id = ${projectId}::uuid`;
}

/**
 * Today, by the database's clock, and the mean of the 28 days before it, or of the days since the first spending. On
 * the first day of spending it is the amount of today, so that a budget that is used up today is reported.
 */
async function readPace({ db }: Uses<'db'>, scope: Scope): Promise<{ today: string; perDay: bigint }> {
  const rows = matching(scope);
  const [pace] = await db.$queryRaw<
    { today: string; spentToday: bigint; spent: bigint; days: number | null }[]
  >`
    SELECT to_char(today, 'YYYY-MM-DD') AS today,
      coalesce(sum(amount_micros) FILTER (WHERE day = today), 0)::bigint AS "spentToday",
      coalesce(sum(amount_micros) FILTER (WHERE day < today), 0)::bigint AS spent,
      CASE WHEN EXISTS (
        SELECT 1 FROM spend_rollups WHERE ${rows} AND day < today - 28 AND amount_micros > 0
      ) THEN 28 ELSE today - min(day) FILTER (WHERE amount_micros > 0 AND day < today) END AS days
    FROM (SELECT (now() AT TIME ZONE time_zone)::date AS today FROM (${zoneOf(scope)}) zone) now
    LEFT JOIN spend_rollups ON ${rows} AND day BETWEEN today - 28 AND today
    GROUP BY today`;
  if (!pace) throw new Error('The query for the pace returned no row.');
  return { today: pace.today, perDay: perUnit(pace.spent, BigInt(pace.days ?? 0)) ?? pace.spentToday };
}
