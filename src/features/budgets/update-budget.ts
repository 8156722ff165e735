import { Conflict, InputProblems } from '../../errors.ts';
import { formatMicros } from '../../money.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { type Asker, authorize } from '../access/authorize.ts';
import { lockStandingProject } from '../access/lock-project.ts';
import { recordAudit } from '../access/record-audit.ts';
import { recordEvent } from '../access/record-event.ts';
import { type BudgetRow, findBudget } from './budget.queries.ts';
import type { UpdateBudgetInput } from './budget.type.ts';
import { problemsOfLimits } from './check-budget.ts';
import { adoptCap, raiseAlerts } from './windows.ts';

/**
 * Changes a budget from its current period on. A cap below the settled and held amounts is no error: it refuses every
 * new run that is not free. Throws NotFound, Forbidden, InputProblems, and Conflict for a removed budget.
 */
export async function updateBudget(ctx: Asker, input: UpdateBudgetInput): Promise<BudgetRow> {
  const { id, projectId } = await findBudget(ctx, fromGlobalId('Budget', input.id));
  await authorize(ctx, projectId, 'MANAGE_BUDGETS', 'Budget');
  const problems = problemsOfLimits(input);
  if (problems.length > 0) throw new InputProblems(problems);
  return ctx.db.$transaction(async (tx) => {
    await lockStandingProject(tx, projectId, 'id');
    const before = await tx.budget.findUniqueOrThrow({ where: { id } });
    if (before.removedAt) throw new Conflict('BUDGET_REMOVED', 'This budget was removed.', ['input', 'id']);
    const capMicros = input.cap ?? before.capMicros;
    const thresholds = input.thresholds ?? before.thresholds;
    if (capMicros === before.capMicros && thresholds.join() === before.thresholds.join()) return before;
    const budget = await tx.budget.update({ where: { id }, data: { capMicros, thresholds } });
    await adoptCap(tx, id);
    const { scope, period } = budget;
    await recordAudit(tx, ctx.viewer, {
      projectId,
      action: 'BUDGET_UPDATED',
      target: { type: 'Budget', id },
      details: {
        scope,
        period,
        cap: formatMicros(capMicros),
        previousCap: formatMicros(before.capMicros),
        thresholds: thresholds.join(' '),
      },
    });
    await recordEvent(tx, { projectId, kind: 'BUDGET_UPDATED', budgetId: id });
    await raiseAlerts(tx, id);
    return budget;
  });
}
