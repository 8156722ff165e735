import { BudgetPeriod, type Budget as BudgetRow, BudgetScope } from '../../platform/db/generated/client.ts';
import { bigint, choice, integers, moment, optional, text } from '../../platform/reads/column.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

/** `budgets`, column by column. */
export const budgetView = view<BudgetRow>('budgets', {
  id: text,
  projectId: text,
  scope: choice(BudgetScope),
  userId: optional(text),
  apiKeyId: optional(text),
  characterId: optional(text),
  model: optional(text),
  period: choice(BudgetPeriod),
  capMicros: bigint,
  thresholds: integers,
  createdAt: moment,
  removedAt: optional(moment),
});

/** Those in force. */
export const budgetsOfProject = newest(budgetView, 'projectId', 'createdAt', () => [
  { sql: 't."removed_at" IS NULL' },
]);
