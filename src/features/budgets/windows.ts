import type { Transaction } from '../../platform/db/connect.ts';

/*
 * The row of a budget's period has the constraint `settled + held <= cap + overrun`. The database refuses a hold
 * that does not fit, however many requests come in parallel; no code asks beforehand. `overrun` allows a cap that is
 * lowered below what is held, and a run that cost more than its hold. Each other change sets it to exactly the amount
 * above the cap, so that it never leaves an amount for a new run. A run counts in the period in which it was requested,
 * from its hold to its last correction.
 *
 * A period and a run's day are computed by the database from the project's time zone, once, and stored, so that a
 * change of the zone does not move booked amounts. The open period keeps its end, and the next period begins there; a
 * trigger keeps periods free of overlaps and gaps.
 */

/** A budget in its current period, by the database's clock. All amounts are read at the same moment. */
export interface Standing {
  /** The period's first and last day, in the zone that the project had when it began; null for TOTAL. */
  readonly startsOn: string | null;
  readonly endsOn: string | null;
  /** The period begins at `startsAt` and ends before `endsAt`; null for TOTAL. */
  readonly startsAt: Date | null;
  readonly endsAt: Date | null;
  readonly capMicros: bigint;
  readonly settledMicros: bigint;
  readonly heldMicros: bigint;
  /** What new runs may still hold. */
  readonly availableMicros: bigint;
  /** The amount above the cap. */
  readonly overrunMicros: bigint;
}

/**
 * The amounts of budgets in the database's provider environment, by the budgets' row ids, in one statement. They are 0
 * when nothing was booked in the period.
 */
export async function readStandings(
  db: Pick<Transaction, '$queryRaw'>,
  budgetIds: readonly string[],
): Promise<(readonly [budgetId: string, standing: Standing])[]> {
  const rows = await db.$queryRaw<(Standing & { budgetId: string })[]>`
    SELECT b.id::text AS "budgetId", b.cap_micros AS "capMicros",
      CASE WHEN b.period <> 'TOTAL' THEN (p.starts_at AT TIME ZONE p.time_zone)::date::text END AS "startsOn",
      CASE WHEN b.period <> 'TOTAL' THEN ((p.ends_at - interval '1 millisecond') AT TIME ZONE p.time_zone)::date::text END AS "endsOn",
      CASE WHEN b.period <> 'TOTAL' THEN p.starts_at END AS "startsAt",
      CASE WHEN b.period <> 'TOTAL' THEN p.ends_at END AS "endsAt",
      coalesce(w.settled_micros, 0) AS "settledMicros", coalesce(w.held_micros, 0) AS "heldMicros",
      greatest(0, b.cap_micros - coalesce(w.settled_micros + w.held_micros, 0)) AS "availableMicros",
      greatest(0, coalesce(w.settled_micros + w.held_micros, 0) - b.cap_micros) AS "overrunMicros"
    FROM budgets b JOIN projects owner ON owner.id = b.project_id CROSS JOIN provider_environment() env
      CROSS JOIN LATERAL budget_period(b.id, env, b.period, owner.time_zone, now()) p
      LEFT JOIN budget_windows w ON w.budget_id = b.id AND w.environment = env AND w.starts_at = p.starts_at
    WHERE b.id = ANY(${[...budgetIds]}::uuid[])`;
  return rows.map(({ budgetId, ...standing }) => [budgetId, standing] as const);
}

/**
 * Makes the windows of a new budget: the amounts that are settled and held in its current period and in later ones, by
 * environment. The caller holds the project's lock, so that nothing is booked meanwhile.
 */
export async function openWindows(tx: Transaction, budgetId: string): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO budget_windows (budget_id, environment, starts_at, ends_at, time_zone, cap_micros, settled_micros, held_micros,
      overrun_micros)
    SELECT b.id, s.environment, s.starts_at, s.ends_at, owner.time_zone, b.cap_micros, s.settled, s.held,
      greatest(0, s.settled + s.held - b.cap_micros)
    FROM budgets b JOIN projects owner ON owner.id = b.project_id
      CROSS JOIN LATERAL calendar_period(b.period, owner.time_zone, b.created_at) current
      CROSS JOIN LATERAL (
        SELECT environment, starts_at, ends_at, sum(settled)::bigint AS settled, sum(held)::bigint AS held
        FROM (
          SELECT g.environment, p.starts_at, p.ends_at,
            CASE WHEN is_final(g.status) THEN coalesce(g.cost_micros, 0) ELSE 0 END AS settled,
            CASE WHEN is_final(g.status) AND g.cost_micros IS NOT NULL THEN 0 ELSE g.hold_micros END AS held
          FROM generations g, LATERAL calendar_period(b.period, owner.time_zone, g.requested_at) p
          WHERE b.period <> 'TOTAL' AND g.project_id = b.project_id AND g.requested_at >= current.starts_at
            AND budget_covers(b, g.user_id, g.api_key_id, g.character_id, g.model)
          -- A TOTAL has no days, so the settled amounts are read from the rollups.
          UNION ALL
          SELECT r.environment, current.starts_at, current.ends_at, r.amount_micros, 0 FROM spend_rollups r
          WHERE b.period = 'TOTAL' AND r.project_id = b.project_id
            AND r.slice = CASE b.scope WHEN 'PROJECT' THEN 'MODEL' ELSE b.scope::text END
            AND budget_covers(b, r.user_id, r.api_key_id, r.character_id, r.model)
          UNION ALL
          SELECT g.environment, current.starts_at, current.ends_at, 0, g.hold_micros FROM generations g
          WHERE b.period = 'TOTAL' AND g.project_id = b.project_id
            AND (g.status NOT IN ('COMPLETED', 'FAILED', 'CANCELED') OR g.cost_micros IS NULL)
            AND budget_covers(b, g.user_id, g.api_key_id, g.character_id, g.model)
        ) counted
        GROUP BY 1, 2, 3
      ) s
    WHERE b.id = ${budgetId}::uuid`;
}

/**
 * Sets the cap of a budget's current window and of later windows to the budget's cap. A cap below the settled and held
 * amounts is allowed: no new run fits until enough is released. The caller holds the project's lock.
 */
export async function adoptCap(tx: Transaction, budgetId: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE budget_windows w SET cap_micros = b.cap_micros,
      overrun_micros = greatest(0, w.settled_micros + w.held_micros - b.cap_micros)
    FROM budgets b
    WHERE b.id = ${budgetId}::uuid AND w.budget_id = b.id AND w.ends_at > clock_timestamp()`;
}

/** Raises the alerts of thresholds that a budget has reached in its current window, unless they were raised before. */
export async function raiseAlerts(tx: Transaction, budgetId: string): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO budget_alerts (project_id, budget_id, environment, starts_at, starts_on, threshold, cap_micros, settled_micros,
      held_micros)
    SELECT b.project_id, b.id, w.environment, w.starts_at, (w.starts_at AT TIME ZONE w.time_zone)::date, threshold, w.cap_micros,
      w.settled_micros, w.held_micros
    FROM budgets b JOIN budget_windows w ON w.budget_id = b.id, unnest(b.thresholds) threshold
    WHERE b.id = ${budgetId}::uuid AND w.environment = provider_environment() AND w.ends_at > clock_timestamp()
      AND w.settled_micros + w.held_micros > 0
      AND (w.settled_micros + w.held_micros)::numeric * 100 >= w.cap_micros::numeric * threshold
    ORDER BY w.starts_at, threshold
    ON CONFLICT DO NOTHING`;
}
