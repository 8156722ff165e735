import type { BudgetAlert as BudgetAlertRow } from '../../platform/db/generated/client.ts';
import { bigint, day, integer, moment, text } from '../../platform/reads/column.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

/** `budget_alerts`, column by column. */
export const budgetAlertView = view<BudgetAlertRow>('budget_alerts', {
  id: text,
  projectId: text,
  budgetId: text,
  environment: text,
  startsAt: moment,
  startsOn: day,
  threshold: integer,
  capMicros: bigint,
  settledMicros: bigint,
  heldMicros: bigint,
  createdAt: moment,
});

/** Those of another provider environment are not told: their amounts never count in this one. */
export const budgetAlertsOfProject = newest(budgetAlertView, 'projectId', 'createdAt', () => [
  { sql: 't."environment" = provider_environment()' },
]);
