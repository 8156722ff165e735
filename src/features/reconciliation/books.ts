import { z } from 'zod';
import { Prisma } from '../../platform/db/generated/client.ts';
import { nilId } from '../../platform/db/nil-id.ts';

/** In a slice, the value of a dimension that the slice or the run does not have. */
const nil = `'${nilId}'::uuid`;

/** The combinations of a run's dimensions in the analytics, as the function `roll_up` makes them. */
function slicesOf(row: string): string {
  const [character, user, key] = ['character_id', 'user_id', 'api_key_id'].map((name) => `${row}.${name}`);
  return `LATERAL (VALUES ('MODEL', ${row}.model, ${nil}, ${nil}, ${nil}),
    ('CHARACTER', '', ${character}, ${nil}, ${nil}),
    ('MEMBER', '', ${nil}, coalesce(${user}, ${nil}), ${nil}),
    ('API_KEY', '', ${nil}, ${nil}, coalesce(${key}, ${nil})),
    ('ALL', ${row}.model, ${character}, coalesce(${user}, ${nil}), coalesce(${key}, ${nil}))
  ) AS s (slice, model, character_id, user_id, api_key_id)`;
}

const dimensions = 'project_id, environment, day, slice, model, character_id, user_id, api_key_id';
const dimensionText =
  "concat_ws(' ', project_id, environment, day, slice, nullif(model, ''), character_id, user_id, api_key_id";

/**
 * Compares the books of this server with each other. It returns at most 100 rows, one for each value in which two of
 * the books disagree. There must be none at any moment, also under heavy load, because one statement sees one moment.
 * `only` is the condition on a column that names a project.
 *
 * Every value is computed again from the rows of single runs and ledger entries. Of a deleted project only the ledger
 * and its sums are left.
 */
function booksOf(only: (column: string) => string): string {
  return `
WITH moves AS (
  SELECT *, CASE 'SPENT'::"LedgerAccount" WHEN debit THEN amount_micros WHEN credit THEN -amount_micros ELSE 0 END AS spent,
    CASE 'HELD'::"LedgerAccount" WHEN debit THEN amount_micros WHEN credit THEN -amount_micros ELSE 0 END AS held
  FROM ledger_entries WHERE ${only('project_id')}
), kept AS (
  SELECT id FROM projects WHERE deleting_at IS NULL AND ${only('id')}
), runs AS (
  SELECT g.id, CASE WHEN is_final(g.status) AND g.cost_micros IS NOT NULL THEN g.cost_micros ELSE 0 END AS cost,
    CASE WHEN is_final(g.status) AND g.cost_micros IS NOT NULL THEN 0 ELSE g.hold_micros END AS hold,
    coalesce(l.spent, 0) AS spent, coalesce(l.held, 0) AS held
  FROM generations g
    LEFT JOIN (SELECT generation_id, sum(spent) AS spent, sum(held) AS held FROM moves GROUP BY 1) l ON l.generation_id = g.id
  WHERE ${only('g.project_id')}
), lone AS (
  SELECT m.generation_id, sum(m.held) AS held, bool_or(k.id IS NOT NULL) AS is_missing
  FROM moves m LEFT JOIN kept k ON k.id = m.project_id
  WHERE NOT EXISTS (SELECT FROM generations g WHERE g.id = m.generation_id AND g.project_id = m.project_id)
  GROUP BY 1
), entries AS (
  SELECT m.id, concat_ws(' ', m.kind, m.credit, m.debit, m.amount_micros, m.day, m.model) AS stored
  FROM moves m LEFT JOIN generations g ON g.id = m.generation_id
  WHERE m.amount_micros <= 0 OR (m.kind, m.credit, m.debit) NOT IN (('HOLD', 'AVAILABLE', 'HELD'), ('CHARGE', 'HELD', 'SPENT'),
      ('RELEASE', 'HELD', 'AVAILABLE'), ('ADJUST', 'AVAILABLE', 'SPENT'), ('ADJUST', 'SPENT', 'AVAILABLE'))
    OR g.id IS NOT NULL AND (m.project_id, m.environment, m.day, m.model, m.character_id, m.user_id, m.api_key_id)
      IS DISTINCT FROM (g.project_id, g.environment, generation_day(g), g.model, g.character_id, g.user_id, g.api_key_id)
), windows AS (
  SELECT w.budget_id, w.starts_at, w.settled_micros, w.held_micros, coalesce(sum(m.spent), 0) AS spent, coalesce(sum(m.held), 0) AS held
  FROM budget_windows w JOIN budgets b ON b.id = w.budget_id AND b.removed_at IS NULL AND ${only('b.project_id')}
    LEFT JOIN moves m ON m.project_id = b.project_id AND m.environment = w.environment
      AND entry_moment(m.requested_at, m.day) >= w.starts_at AND entry_moment(m.requested_at, m.day) < w.ends_at
      AND budget_covers(b, m.user_id, m.api_key_id, m.character_id, m.model)
  GROUP BY w.budget_id, w.environment, w.starts_at, w.settled_micros, w.held_micros
), caps AS (
  SELECT w.budget_id, w.starts_at, b.cap_micros AS cap, w.cap_micros AS stored
  FROM budget_windows w JOIN budgets b ON b.id = w.budget_id
  WHERE b.removed_at IS NULL AND w.ends_at > now() AND b.cap_micros <> w.cap_micros AND ${only('b.project_id')}
), uncounted AS (
  SELECT b.id, m.requested_at, m.amount_micros
  FROM budgets b JOIN moves m ON m.project_id = b.project_id AND m.kind = 'HOLD' AND m.requested_at > b.created_at
    AND budget_covers(b, m.user_id, m.api_key_id, m.character_id, m.model)
  WHERE NOT EXISTS (SELECT FROM budget_windows w WHERE w.budget_id = b.id AND w.environment = m.environment
    AND w.starts_at <= m.requested_at AND w.ends_at > m.requested_at)
), totals AS (
  SELECT coalesce(l.provider_account, t.provider_account) AS account, coalesce(l.project_id, t.project_id) AS project,
    coalesce(l.spent, 0) AS spent, coalesce(t.spent_micros, 0) AS stored
  FROM (SELECT provider_account, project_id, sum(spent) AS spent FROM moves WHERE provider_account IS NOT NULL GROUP BY 1, 2) l
    FULL JOIN (SELECT * FROM account_totals WHERE ${only('project_id')}) t
      ON t.provider_account = l.provider_account AND t.project_id = l.project_id
), days AS (
  SELECT ${dimensions}, sum(spent) AS spent, sum(rolled) AS rolled
  FROM (
    SELECT l.project_id, l.environment, l.day, s.*, l.spent, 0 AS rolled
    FROM (SELECT project_id, environment, day, model, character_id, user_id, api_key_id, sum(spent) AS spent
      FROM moves GROUP BY 1, 2, 3, 4, 5, 6, 7) l, ${slicesOf('l')}
    UNION ALL SELECT ${dimensions}, 0, amount_micros FROM spend_rollups WHERE ${only('project_id')}
  ) both_sides GROUP BY ${dimensions}
), counts AS (
  SELECT ${dimensions}, status, ARRAY[sum(runs), sum(failures), sum(pictures), sum(discarded)]::numeric[] AS counted,
    ARRAY[sum(rolled_runs), sum(rolled_failures), sum(rolled_pictures), sum(rolled_discarded)]::numeric[] AS rolled
  FROM (
    SELECT g.project_id, g.environment, generation_day(g) AS day, s.*, g.status::text, 1 AS runs,
      (g.status = 'FAILED')::int AS failures, g.pictures, g.discarded,
      0 AS rolled_runs, 0 AS rolled_failures, 0 AS rolled_pictures, 0 AS rolled_discarded
    FROM generations g, ${slicesOf('g')} WHERE is_final(g.status) AND ${only('g.project_id')}
    UNION ALL SELECT ${dimensions}, status, 0, 0, 0, 0, runs, failures, pictures, discarded FROM spend_rollups WHERE ${only('project_id')}
  ) both_sides WHERE project_id IN (SELECT id FROM kept) GROUP BY ${dimensions}, status
), slots AS (
  SELECT p.id, p.active_generations, count(g.id) AS held
  FROM projects p LEFT JOIN generations g ON g.project_id = p.id AND g.holds_slot WHERE ${only('p.id')} GROUP BY p.id
)
SELECT * FROM (
  SELECT 'RUN_HOLD' AS kind, id::text AS subject, hold::text AS expected, held::text AS found FROM runs WHERE hold <> held
  UNION ALL SELECT 'RUN_HOLD', generation_id::text, '0', held::text FROM lone WHERE NOT is_missing AND held <> 0
  UNION ALL SELECT 'RUN_COST', id::text, cost::text, spent::text FROM runs WHERE cost <> spent
  UNION ALL SELECT 'RUN_MISSING', generation_id::text, '1', '0' FROM lone WHERE is_missing
  UNION ALL SELECT 'LEDGER_ENTRY', id::text, 'the values of its run', stored FROM entries
  UNION ALL SELECT 'BUDGET_SETTLED', budget_id || ' ' || starts_at, spent::text, settled_micros::text FROM windows WHERE spent <> settled_micros
  UNION ALL SELECT 'BUDGET_HELD', budget_id || ' ' || starts_at, held::text, held_micros::text FROM windows WHERE held <> held_micros
  UNION ALL SELECT 'BUDGET_CAP', budget_id || ' ' || starts_at, cap::text, stored::text FROM caps
  UNION ALL SELECT 'BUDGET_MISSING', id || ' ' || requested_at, amount_micros::text, '0' FROM uncounted
  UNION ALL SELECT 'ACCOUNT_TOTAL', account || ' ' || project, spent::text, stored::text FROM totals WHERE spent <> stored
  UNION ALL SELECT 'ROLLUP', ${dimensionText}), spent::text, rolled::text FROM days WHERE spent <> rolled
  UNION ALL SELECT 'ROLLUP_COUNTS', ${dimensionText}, status), counted::text, rolled::text FROM counts WHERE counted <> rolled
  UNION ALL SELECT 'SLOTS', id::text, held::text, active_generations::text FROM slots WHERE held <> active_generations
) problems ORDER BY kind, subject LIMIT 100`;
}

/** Compares the books of all projects. It reads the whole ledger. */
export const booksSql = booksOf(() => 'true');
/**
 * Compares the books of one project, `$1`, which may be deleted. It is a named statement, because planning it takes
 * longer than executing it for a small project.
 */
const projectBooks = { name: 'project-books', text: booksOf((column) => `${column} = $1::uuid`) };

/** The kinds of disagreement. */
export const booksProblemKinds = [
  'RUN_HOLD',
  'RUN_COST',
  'RUN_MISSING',
  'LEDGER_ENTRY',
  'BUDGET_SETTLED',
  'BUDGET_HELD',
  'BUDGET_CAP',
  'BUDGET_MISSING',
  'ACCOUNT_TOTAL',
  'ROLLUP',
  'ROLLUP_COUNTS',
  'SLOTS',
] as const;

const problem = z.object({
  kind: z.enum(booksProblemKinds),
  /** The ids of the rows that it is about. */
  subject: z.string(),
  /** The value in one book: micro-dollars, or counts. */
  expected: z.string(),
  /** The value in the other book. */
  found: z.string(),
});
export type BooksProblem = z.output<typeof problem>;

/** Compares the books of all projects. Resolves to at most 100 problems; each of them is a fault of this server. */
export async function auditBooks(db: {
  $queryRaw(query: Prisma.Sql): PromiseLike<unknown>;
}): Promise<BooksProblem[]> {
  return z.array(problem).parse(await db.$queryRaw(Prisma.raw(booksSql)));
}

/** Compares the books of one project, which may be deleted. Resolves to at most 100 problems. */
export async function auditProjectBooks(db: Statements, projectId: string): Promise<BooksProblem[]> {
  return z.array(problem).parse((await db.query({ ...projectBooks, values: [projectId] })).rows);
}

/** The part of a connection that the comparison needs. */
interface Statements {
  query(statement: { name: string; text: string; values: string[] }): Promise<{ readonly rows: unknown[] }>;
}
