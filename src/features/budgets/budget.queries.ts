import { NotFound } from '../../errors.ts';
import type { Budget as BudgetRow } from '../../platform/db/generated/client.ts';
import { type Asker, authorize, isAllowed } from '../access/authorize.ts';
import { readable } from '../access/readable.ts';
import { budgetView } from './budget.view.ts';
import { readStandings, type Standing } from './windows.ts';

export type { BudgetRow };

/** As documents reach them. */
export const budgets = readable(budgetView, 'Budget', findBudget, 'READ_SPEND');

/** The budget with this row id, also a removed one. Throws NotFound, also for non-members, and Forbidden. */
export async function findBudget(ctx: Asker, id: string): Promise<BudgetRow> {
  const budget = await loadBudget(ctx, id);
  if (!budget) throw new NotFound('Budget');
  await authorize(ctx, budget.projectId, 'READ_SPEND', 'Budget');
  return budget;
}

/** The same; null where findBudget throws. */
export async function budgetIfVisible(ctx: Asker, id: string): Promise<BudgetRow | null> {
  const budget = await loadBudget(ctx, id);
  return budget && (await isAllowed(ctx, budget.projectId, 'READ_SPEND')) ? budget : null;
}

async function loadBudget(ctx: Asker, id: string): Promise<BudgetRow | null> {
  return ctx.loaders
    .of('budgets', async (ids) => {
      const rows = await ctx.db.budget.findMany({ where: { id: { in: ids } } });
      return rows.map((row) => [row.id, row] as const);
    })
    .load(id);
}

/** The amounts of a budget in its current period. The caller has checked that the viewer may see the budget. */
export async function standingOf(ctx: Asker, budget: Pick<BudgetRow, 'id'>): Promise<Standing> {
  const standing = await ctx.loaders
    .of('standings of budgets', (ids) => readStandings(ctx.db, ids))
    .load(budget.id);
  if (!standing) throw new NotFound('Budget');
  return standing;
}
