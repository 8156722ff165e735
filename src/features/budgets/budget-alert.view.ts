import { tables } from '../../platform/reads/generated/tables.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

export const budgetAlertView = view(tables.BudgetAlert);

/** Alerts of another provider environment are left out, because their amounts do not count in this one. */
export const budgetAlertsOfProject = newest(budgetAlertView, 'projectId', 'createdAt', () => [
  { sql: 't."environment" = provider_environment()' },
]);
