import { tables } from '../../platform/reads/generated/tables.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

export const budgetAlertView = view(tables.BudgetAlert);

/** Those of another provider environment are not told: their amounts never count in this one. */
export const budgetAlertsOfProject = newest(budgetAlertView, 'projectId', 'createdAt', () => [
  { sql: 't."environment" = provider_environment()' },
]);
