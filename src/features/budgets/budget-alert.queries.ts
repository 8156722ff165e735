import { dayText } from '../../days.ts';
import { NotFound } from '../../errors.ts';
import { formatMicros } from '../../money.ts';
import type { BudgetAlert as BudgetAlertRow } from '../../platform/db/generated/client.ts';
import { toGlobalId } from '../../platform/reads/global-id.ts';
import { type Asker, authorize, isAllowed } from '../access/authorize.ts';
import { readable } from '../access/readable.ts';
import { findProject } from '../projects/project.queries.ts';
import { findBudget } from './budget.queries.ts';
import { budgetAlertView } from './budget-alert.view.ts';

export type { BudgetAlertRow };

/** As documents reach them. */
export const budgetAlerts = readable(budgetAlertView, 'BudgetAlert', findBudgetAlert, 'READ_SPEND');

/** The alert with this row id. Throws NotFound, also for non-members, and Forbidden. */
export async function findBudgetAlert(ctx: Asker, id: string): Promise<BudgetAlertRow> {
  const alert = await loadAlert(ctx, id);
  if (!alert) throw new NotFound('BudgetAlert');
  await authorize(ctx, alert.projectId, 'READ_SPEND', 'BudgetAlert');
  return alert;
}

/** The same; null where findBudgetAlert throws. */
export async function budgetAlertIfVisible(ctx: Asker, id: string): Promise<BudgetAlertRow | null> {
  const alert = await loadAlert(ctx, id);
  return alert && (await isAllowed(ctx, alert.projectId, 'READ_SPEND')) ? alert : null;
}

async function loadAlert(ctx: Asker, id: string): Promise<BudgetAlertRow | null> {
  return ctx.loaders
    .of('budget alerts', async (ids) => {
      const rows = await ctx.db.budgetAlert.findMany({ where: { id: { in: ids } } });
      return rows.map((row) => [row.id, row] as const);
    })
    .load(id);
}

/** The first day of an alert's period; null for TOTAL. */
export async function periodOf(
  ctx: Asker,
  alert: Pick<BudgetAlertRow, 'budgetId' | 'startsOn'>,
): Promise<string | null> {
  const { period } = await findBudget(ctx, alert.budgetId);
  return period === 'TOTAL' ? null : dayText(alert.startsOn);
}

/** What the body of a webhook needs of an alert. */
export const payloadColumns = [
  'id',
  'projectId',
  'budgetId',
  'createdAt',
  'startsOn',
  'threshold',
  'capMicros',
  'settledMicros',
  'heldMicros',
] as const;

/** The body of a webhook about an alert. The names of its members do not change; new members may be added. */
export async function payloadOf(ctx: Asker, alert: Pick<BudgetAlertRow, (typeof payloadColumns)[number]>) {
  const [project, budget] = await Promise.all([
    findProject(ctx, alert.projectId),
    findBudget(ctx, alert.budgetId),
  ]);
  const { scope, period, userId, apiKeyId, characterId, model } = budget;
  return {
    type: 'budget.threshold_reached',
    id: toGlobalId('BudgetAlert', alert.id),
    createdAt: alert.createdAt.toISOString(),
    project: { id: toGlobalId('Project', project.id), name: project.name },
    budget: {
      id: toGlobalId('Budget', budget.id),
      scope,
      period,
      userId: userId && toGlobalId('User', userId),
      apiKeyId: apiKeyId && toGlobalId('ApiKey', apiKeyId),
      characterId: characterId && toGlobalId('Character', characterId),
      model,
    },
    periodStartsOn: await periodOf(ctx, alert),
    threshold: alert.threshold,
    cap: formatMicros(alert.capMicros),
    settled: formatMicros(alert.settledMicros),
    held: formatMicros(alert.heldMicros),
  };
}
