import { z } from 'zod';
import { Prisma } from '../../platform/db/generated/client.ts';

/**
 * What must hold at any moment, also in the middle of a storm, since one statement sees one moment: a row for each
 * thing of which two of our own books disagree. It reads the ledger whole; what it answers is bounded.
 *
 * RUN_HOLD, RUN_COST: a run's row and the ledger. BUDGET_SETTLED, BUDGET_HELD: a window and the ledger. ACCOUNT_TOTAL:
 * what was spent with a provider account. ROLLUP: a day of a project in each slice. SLOTS: runs that hold one.
 */
export const booksSql = `
WITH moves AS (
  SELECT *, CASE 'SPENT'::"LedgerAccount" WHEN debit THEN amount_micros WHEN credit THEN -amount_micros ELSE 0 END AS spent,
    CASE 'HELD'::"LedgerAccount" WHEN debit THEN amount_micros WHEN credit THEN -amount_micros ELSE 0 END AS held
  FROM ledger_entries
), runs AS (
  SELECT g.id, CASE WHEN is_final(g.status) AND g.cost_micros IS NOT NULL THEN g.cost_micros ELSE 0 END AS cost,
    CASE WHEN is_final(g.status) AND g.cost_micros IS NOT NULL THEN 0 ELSE g.hold_micros END AS hold,
    coalesce(l.spent, 0) AS spent, coalesce(l.held, 0) AS held
  FROM generations g
    LEFT JOIN (SELECT generation_id, sum(spent) AS spent, sum(held) AS held FROM moves GROUP BY 1) l ON l.generation_id = g.id
), windows AS (
  SELECT w.budget_id, w.starts_at, w.settled_micros, w.held_micros, coalesce(sum(m.spent), 0) AS spent, coalesce(sum(m.held), 0) AS held
  FROM budget_windows w JOIN budgets b ON b.id = w.budget_id AND b.removed_at IS NULL
    LEFT JOIN moves m ON m.project_id = b.project_id AND m.environment = w.environment
      AND entry_moment(m.requested_at, m.day) >= w.starts_at AND entry_moment(m.requested_at, m.day) < w.ends_at
      AND budget_covers(b, m.user_id, m.api_key_id, m.character_id, m.model)
  GROUP BY w.budget_id, w.environment, w.starts_at, w.settled_micros, w.held_micros
), totals AS (
  SELECT coalesce(l.provider_account, t.provider_account) AS account, coalesce(l.project_id, t.project_id) AS project,
    coalesce(l.spent, 0) AS spent, coalesce(t.spent_micros, 0) AS told
  FROM (SELECT provider_account, project_id, sum(spent) AS spent FROM moves WHERE provider_account IS NOT NULL GROUP BY 1, 2) l
    FULL JOIN account_totals t ON t.provider_account = l.provider_account AND t.project_id = l.project_id
), days AS (
  SELECT project_id, environment, day, slice, sum(spent) AS spent, sum(rolled) AS rolled
  FROM (
    SELECT project_id, environment, day, slice, spent, 0 AS rolled
    FROM (SELECT project_id, environment, day, sum(spent) AS spent FROM moves GROUP BY 1, 2, 3) l,
      unnest(ARRAY['ALL', 'MODEL', 'CHARACTER', 'MEMBER', 'API_KEY']) AS slice
    UNION ALL SELECT project_id, environment, day, slice, 0, amount_micros FROM spend_rollups
  ) both_sides GROUP BY 1, 2, 3, 4
), slots AS (
  SELECT p.id, p.active_generations, count(g.id) AS held
  FROM projects p LEFT JOIN generations g ON g.project_id = p.id AND g.holds_slot GROUP BY p.id
)
SELECT * FROM (
  SELECT 'RUN_HOLD' AS kind, id::text AS subject, hold::text AS expected, held::text AS found FROM runs WHERE hold <> held
  UNION ALL SELECT 'RUN_COST', id::text, cost::text, spent::text FROM runs WHERE cost <> spent
  UNION ALL SELECT 'BUDGET_SETTLED', budget_id || ' ' || starts_at, spent::text, settled_micros::text FROM windows WHERE spent <> settled_micros
  UNION ALL SELECT 'BUDGET_HELD', budget_id || ' ' || starts_at, held::text, held_micros::text FROM windows WHERE held <> held_micros
  UNION ALL SELECT 'ACCOUNT_TOTAL', account || ' ' || project, spent::text, told::text FROM totals WHERE spent <> told
  UNION ALL SELECT 'ROLLUP', project_id || ' ' || environment || ' ' || day || ' ' || slice, spent::text, rolled::text FROM days WHERE spent <> rolled
  UNION ALL SELECT 'SLOTS', id::text, held::text, active_generations::text FROM slots WHERE held <> active_generations
) problems ORDER BY kind, subject LIMIT 100`;

/** What may disagree. */
export const booksProblemKinds = [
  'RUN_HOLD',
  'RUN_COST',
  'BUDGET_SETTLED',
  'BUDGET_HELD',
  'ACCOUNT_TOTAL',
  'ROLLUP',
  'SLOTS',
] as const;

const problem = z.object({
  kind: z.enum(booksProblemKinds),
  /** Ids of what it is about. */
  subject: z.string(),
  /** What one book says: micro-dollars, or a number of runs for SLOTS. */
  expected: z.string(),
  /** What the other says. */
  found: z.string(),
});
export type BooksProblem = z.output<typeof problem>;

/** Compares our books with each other. Empty, or there is a fault. Needs nothing but a connection. */
export async function auditBooks(db: {
  $queryRaw(query: Prisma.Sql): PromiseLike<unknown>;
}): Promise<BooksProblem[]> {
  return z.array(problem).parse(await db.$queryRaw(Prisma.raw(booksSql)));
}
