import { z } from 'zod';
import type { Uses } from '../../platform/context.ts';

/** The time between two observations of an account's balance. */
const interval = z.object({
  /** The id of the observation that ends it. */
  id: z.bigint(),
  from: z.date(),
  to: z.date(),
  /** Whether both observations are quiet. Then the balance lost exactly the cost of the runs submitted between them. */
  isQuiet: z.boolean(),
  balanceBefore: z.bigint(),
  balanceAfter: z.bigint(),
  /** The amount by which the spending in the books rose during it. */
  bookedMicros: z.bigint(),
  heldBefore: z.bigint(),
  openRuns: z.int(),
  openHolds: z.bigint(),
  /** The number of runs that were submitted in it and have ended since. */
  runs: z.int(),
  /** The known cost of these runs, also when it was found out after the interval. */
  costMicros: z.bigint(),
  /** The number of runs whose cost is the provider's own figure, or was proved in another way. */
  provenRuns: z.int(),
  /** The number of runs whose cost is the list price, or unknown. */
  assumedRuns: z.int(),
  /** The number of runs that have not ended, without UNCERTAIN ones. */
  pendingRuns: z.int(),
});
export type Interval = z.output<typeof interval>;

/** The time after its submit in which the provider may still work on a run or charge for it. */
export function lifetimeMs({ config }: Uses<'config'>): number {
  return Math.max(config.SEGMIND_RETENTION_MS, config.SEGMIND_SUBMIT_TIMEOUT_MS + config.RECONCILE_AFTER_MS);
}

/** How many observations are read for a number of intervals. It is more than that number, because not all are quiet. */
export function observationsFor(intervals: number): number {
  return intervals * 4 + 500;
}

/** Which intervals are listed. */
interface IntervalQuery {
  readonly account: string;
  /** The time after its submit in which a run may be charged. */
  readonly lifetimeMs: number;
  readonly limit: number;
  /** Only from one quiet observation to the next. */
  readonly quietOnly?: boolean;
  /** Only intervals that end before this observation. */
  readonly before?: bigint | null;
}

/**
 * The intervals between the observations of an account, newest first. An interval that ends with a quiet observation
 * begins at the last quiet observation before, so these intervals have no gaps. Any other interval begins at the
 * observation before it.
 *
 * The cost of a run belongs to the interval in which the run was submitted, whenever the cost was found out. An
 * observation counts as quiet only as far as runs are known: when a run was open at that moment, because its submit was
 * just being committed or it was UNCERTAIN then, it may have been charged before or after. Amounts of runs that were
 * deleted with their project stay in the interval in which they were booked.
 */
export async function listIntervals(ctx: Uses<'db'>, query: IntervalQuery): Promise<Interval[]> {
  const { account, lifetimeMs, limit, quietOnly = false, before = null } = query;
  const rows = await ctx.db.$queryRaw<unknown[]>`
    WITH seen AS MATERIALIZED (
      SELECT o.id, o.at, o.balance_micros, o.spent_micros, o.held_micros, o.open_runs,
        o.is_quiet AND NOT EXISTS (
          SELECT 1 FROM generations g WHERE g.provider_account = o.provider_account AND g.status <> 'UNCERTAIN'
            AND g.attempted_at > o.at - ${lifetimeMs} * interval '1 millisecond' AND g.attempted_at <= o.at
            AND coalesce(g.finished_at, 'infinity') > o.at AND coalesce(g.cost_micros, 1) <> 0) AS is_quiet
      FROM balance_observations o WHERE o.provider_account = ${account}
        AND (${before}::bigint IS NULL OR (o.at, o.id) < (SELECT b.at, b.id FROM balance_observations b WHERE b.id = ${before}::bigint))
      ORDER BY o.at DESC, o.id DESC LIMIT ${observationsFor(limit)}
    ), steps AS (
      SELECT id, CASE WHEN is_quiet
          THEN coalesce(lag(id) OVER (PARTITION BY is_quiet ORDER BY at, id), lag(id) OVER (ORDER BY at, id))
          ELSE lag(id) OVER (ORDER BY at, id) END AS previous
      FROM seen
    ), pairs AS (
      SELECT o.*, p.at AS since, p.balance_micros AS balance_before, p.spent_micros AS spent_before, p.held_micros AS held_before,
        p.is_quiet AS was_quiet
      FROM seen o JOIN steps ON steps.id = o.id JOIN seen p ON p.id = steps.previous
      WHERE NOT ${quietOnly} OR (o.is_quiet AND p.is_quiet)
      ORDER BY o.at DESC, o.id DESC LIMIT ${limit}
    ), gone AS MATERIALIZED (
      SELECT e.at, CASE 'SPENT'::"LedgerAccount" WHEN e.debit THEN e.amount_micros ELSE -e.amount_micros END AS amount
      FROM account_totals a JOIN ledger_entries e ON e.project_id = a.project_id AND e.provider_account = a.provider_account
      WHERE a.provider_account = ${account} AND e.at > (SELECT min(since) FROM pairs) AND 'SPENT' IN (e.debit, e.credit)
        AND NOT EXISTS (SELECT 1 FROM projects p WHERE p.id = a.project_id AND p.deleting_at IS NULL)
        AND NOT EXISTS (SELECT 1 FROM generations g WHERE g.id = e.generation_id)
    )
    SELECT o.id, o.since AS "from", o.at AS "to", o.is_quiet AND o.was_quiet AS "isQuiet",
      o.balance_before AS "balanceBefore", o.balance_micros AS "balanceAfter",
      o.spent_micros - o.spent_before AS "bookedMicros", o.held_before AS "heldBefore",
      o.open_runs AS "openRuns", o.held_micros AS "openHolds", r.runs, r.proven AS "provenRuns", r.assumed AS "assumedRuns",
      r.pending AS "pendingRuns",
      (r.cost + (SELECT coalesce(sum(amount), 0) FROM gone WHERE gone.at > o.since AND gone.at <= o.at))::bigint AS "costMicros"
    FROM pairs o CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE is_final(status))::int AS runs,
        coalesce(sum(cost_micros) FILTER (WHERE is_final(status)), 0) AS cost,
        count(*) FILTER (WHERE is_final(status) AND cost_source IN ('PROVIDER', 'HISTORY', 'BALANCE', 'PERSON'))::int AS proven,
        count(*) FILTER (WHERE is_final(status) AND (cost_source = 'PRICE_LIST' OR cost_micros IS NULL))::int AS assumed,
        count(*) FILTER (WHERE NOT is_final(status) AND status <> 'UNCERTAIN')::int AS pending
      FROM generations g WHERE g.provider_account = ${account} AND g.attempted_at > o.since AND g.attempted_at <= o.at) r
    ORDER BY o.at DESC, o.id DESC`;
  return z.array(interval).parse(rows);
}

/** The amount by which the balance fell; negative for a rise. */
export function fallOf({ balanceBefore, balanceAfter }: Interval): bigint {
  return balanceBefore - balanceAfter;
}

/**
 * The difference of an interval between balance and books that is not explained, above or below 0. It is exact between
 * two quiet observations. Otherwise open runs may have been paid in the interval or outside of it, so it is null while
 * their holds can explain the difference.
 */
export function unexplainedOf(interval: Interval): bigint | null {
  if (interval.isQuiet) return fallOf(interval) - interval.costMicros;
  const difference = fallOf(interval) - interval.bookedMicros;
  if (difference > interval.openHolds) return difference - interval.openHolds;
  if (difference < -interval.heldBefore) return difference + interval.heldBefore;
  return null;
}

/**
 * The greatest difference that rounding can make. Each amount is rounded to a micro-dollar, so the sum of amounts may
 * differ from the rounded sum.
 */
export function roundingOf({ runs }: Pick<Interval, 'runs'>): bigint {
  return BigInt(runs) + 2n;
}
