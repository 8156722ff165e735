import type { Transaction } from '../../platform/db/connect.ts';

/** A budget in its current period, by the database's clock: all of one moment. */
export interface Standing {
  /** The period's first and last day in UTC; null for TOTAL. */
  readonly startsOn: string | null;
  readonly endsOn: string | null;
  readonly capMicros: bigint;
  readonly settledMicros: bigint;
  readonly heldMicros: bigint;
  /** What new runs may still hold. */
  readonly availableMicros: bigint;
  /** By how much the cap is passed. */
  readonly overrunMicros: bigint;
}

/** Where budgets stand, by their row ids, in one statement; zeros where nothing happened in the period. */
export async function readStandings(
  db: Pick<Transaction, '$queryRaw'>,
  budgetIds: readonly string[],
): Promise<(readonly [budgetId: string, standing: Standing])[]> {
  const rows = await db.$queryRaw<(Standing & { budgetId: string })[]>`
    SELECT b.id::text AS "budgetId", b.cap_micros AS "capMicros",
      CASE WHEN b.period <> 'TOTAL' THEN first_day::text END AS "startsOn",
      CASE b.period WHEN 'DAY' THEN first_day::text
        WHEN 'MONTH' THEN (first_day + interval '1 month' - interval '1 day')::date::text END AS "endsOn",
      coalesce(w.settled_micros, 0) AS "settledMicros", coalesce(w.held_micros, 0) AS "heldMicros",
      greatest(0, b.cap_micros - coalesce(w.settled_micros + w.held_micros, 0)) AS "availableMicros",
      greatest(0, coalesce(w.settled_micros + w.held_micros, 0) - b.cap_micros) AS "overrunMicros"
    FROM budgets b
      CROSS JOIN LATERAL period_start(b.period, (now() AT TIME ZONE 'UTC')::date) AS p(first_day)
      LEFT JOIN budget_windows w ON w.budget_id = b.id AND w.starts_on = p.first_day
    WHERE b.id = ANY(${[...budgetIds]}::uuid[])`;
  return rows.map(({ budgetId, ...standing }) => [budgetId, standing] as const);
}

/**
 * Opens the windows of a budget that was just made: what was settled and is held since its period began counts. It is
 * taken from the analytics and from the runs that still hold money, so that it does not take longer as the ledger grows.
 * The caller holds the project's lock, so that nothing is booked meanwhile.
 */
export async function openWindows(tx: Transaction, budgetId: string): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO budget_windows (budget_id, starts_on, cap_micros, settled_micros, held_micros, overrun_micros)
    SELECT b.id, s.starts_on, b.cap_micros, s.settled, s.held, greatest(0, s.settled + s.held - b.cap_micros)
    FROM budgets b CROSS JOIN LATERAL (
      SELECT period_start(b.period, day) AS starts_on, sum(settled)::bigint AS settled, sum(held)::bigint AS held
      FROM (
        SELECT day, amount_micros AS settled, 0 AS held FROM spend_rollups r
        WHERE r.project_id = b.project_id AND r.slice = CASE b.scope WHEN 'PROJECT' THEN 'MODEL' ELSE b.scope::text END
          AND budget_covers(b, r.user_id, r.api_key_id, r.character_id, r.model)
        UNION ALL
        SELECT (g.requested_at AT TIME ZONE 'UTC')::date, 0, g.hold_micros FROM generations g
        WHERE g.project_id = b.project_id
          AND (g.status NOT IN ('COMPLETED', 'FAILED', 'CANCELED') OR g.cost_micros IS NULL)
          AND budget_covers(b, g.user_id, g.api_key_id, g.character_id, g.model)
      ) counted
      -- By the clock of whoever asked, a run may be of a period that has not begun here.
      WHERE day >= period_start(b.period, (b.created_at AT TIME ZONE 'UTC')::date)
      GROUP BY 1
    ) s WHERE b.id = ${budgetId}::uuid`;
}

/**
 * Gives a budget's windows, from the current one on, the budget's cap. One that is below what is settled and held is
 * taken at its word: nothing new fits until enough was released. The caller holds the project's lock.
 */
export async function adoptCap(tx: Transaction, budgetId: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE budget_windows w SET cap_micros = b.cap_micros,
      overrun_micros = greatest(0, w.settled_micros + w.held_micros - b.cap_micros)
    FROM budgets b
    WHERE b.id = ${budgetId}::uuid AND w.budget_id = b.id
      AND w.starts_on >= period_start(b.period, (clock_timestamp() AT TIME ZONE 'UTC')::date)`;
}

/** Raises the alerts of thresholds that a budget has reached in its current window, unless they were raised before. */
export async function raiseAlerts(tx: Transaction, budgetId: string): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO budget_alerts (project_id, budget_id, starts_on, threshold, cap_micros, settled_micros, held_micros)
    SELECT b.project_id, b.id, w.starts_on, threshold, w.cap_micros, w.settled_micros, w.held_micros
    FROM budgets b JOIN budget_windows w ON w.budget_id = b.id, unnest(b.thresholds) threshold
    WHERE b.id = ${budgetId}::uuid
      AND w.starts_on >= period_start(b.period, (clock_timestamp() AT TIME ZONE 'UTC')::date)
      AND w.settled_micros + w.held_micros > 0
      AND (w.settled_micros + w.held_micros)::numeric * 100 >= w.cap_micros::numeric * threshold
    ORDER BY w.starts_on, threshold
    ON CONFLICT DO NOTHING`;
}
