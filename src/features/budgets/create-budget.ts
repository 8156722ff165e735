import { Conflict, InputProblems } from '../../errors.ts';
import { formatMicros } from '../../money.ts';
import { databaseTime } from '../../platform/db/clock.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { type Asker, authorize } from '../access/authorize.ts';
import { lockStandingProject } from '../access/lock-project.ts';
import { recordAudit } from '../access/record-audit.ts';
import { recordEvent } from '../access/record-event.ts';
import type { BudgetRow } from './budget.queries.ts';
import type { CreateBudgetInput } from './budget.type.ts';
import { findSubject, problemsOfLimits, problemsOfSubject } from './check-budget.ts';
import { openWindows, raiseAlerts } from './windows.ts';

/**
 * Makes a budget. The amounts that are settled and held in its current period count from the start. Throws NotFound,
 * Forbidden, InputProblems, and Conflict when a budget for the same subject and period exists.
 */
export async function createBudget(ctx: Asker, input: CreateBudgetInput): Promise<BudgetRow> {
  const projectId = fromGlobalId('Project', input.projectId);
  await authorize(ctx, projectId, 'MANAGE_BUDGETS');
  const problems = [...problemsOfSubject(input), ...problemsOfLimits(input)];
  if (problems.length > 0) throw new InputProblems(problems);
  const { scope, period, cap: capMicros } = input;
  return ctx.db.$transaction(async (tx) => {
    await lockStandingProject(tx, projectId, 'projectId');
    const subject = await findSubject(tx, projectId, input);
    const inForce = { projectId, scope, period, ...subject, removedAt: null };
    if ((await tx.budget.count({ where: inForce })) > 0) {
      const message = 'There is already a budget for this subject and period: change or remove it.';
      throw new Conflict('BUDGET_EXISTS', message, ['input', 'period']);
    }
    const budget = await tx.budget.create({
      data: {
        ...inForce,
        capMicros,
        // The column does not take null. Undefined gives its default.
        thresholds: input.thresholds ?? undefined,
        createdAt: await databaseTime(tx),
      },
    });
    await openWindows(tx, budget.id);
    await recordAudit(tx, ctx.viewer, {
      projectId,
      action: 'BUDGET_CREATED',
      target: { type: 'Budget', id: budget.id },
      details: { scope, period, cap: formatMicros(capMicros), thresholds: budget.thresholds.join(' ') },
    });
    await recordEvent(tx, { projectId, kind: 'BUDGET_CREATED', budgetId: budget.id });
    // Each alert is also an event. It comes after the event of the budget, so that followers know the budget.
    await raiseAlerts(tx, budget.id);
    return budget;
  });
}
