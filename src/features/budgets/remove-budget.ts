import { formatMicros } from '../../money.ts';
import { databaseTime } from '../../platform/db/clock.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { type Asker, authorize } from '../access/authorize.ts';
import { lockProject } from '../access/lock-project.ts';
import { recordAudit } from '../access/record-audit.ts';
import { recordEvent } from '../access/record-event.ts';
import { type BudgetRow, findBudget } from './budget.queries.ts';
import type { RemoveBudgetInput } from './budget.type.ts';

/** Ends a budget for good. Its row and its amounts are kept. Twice is no error. Throws NotFound, Forbidden. */
export async function removeBudget(ctx: Asker, input: RemoveBudgetInput): Promise<BudgetRow> {
  const { id, projectId, scope, period } = await findBudget(ctx, fromGlobalId('Budget', input.id));
  await authorize(ctx, projectId, 'MANAGE_BUDGETS', 'Budget');
  return ctx.db.$transaction(async (tx) => {
    await lockProject(tx, projectId);
    const { count } = await tx.budget.updateMany({
      where: { id, removedAt: null },
      data: { removedAt: await databaseTime(tx) },
    });
    const budget = await tx.budget.findUniqueOrThrow({ where: { id } });
    if (count > 0) {
      await recordAudit(tx, ctx.viewer, {
        projectId,
        action: 'BUDGET_REMOVED',
        target: { type: 'Budget', id },
        details: { scope, period, cap: formatMicros(budget.capMicros) },
      });
      await recordEvent(tx, { projectId, kind: 'BUDGET_REMOVED', budgetId: id });
    }
    return budget;
  });
}
