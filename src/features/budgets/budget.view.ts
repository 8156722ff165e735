import { tables } from '../../platform/reads/generated/tables.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

export const budgetView = view(tables.Budget);

/** The budgets of a project that are in force. */
export const budgetsOfProject = newest(budgetView, 'projectId', 'createdAt', () => [
  { sql: 't."removed_at" IS NULL' },
]);
