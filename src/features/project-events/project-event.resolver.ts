import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { budgetIfVisible } from '../budgets/budget.queries.ts';
import { Budget } from '../budgets/budget.type.ts';
import { budgetAlertIfVisible } from '../budgets/budget-alert.queries.ts';
import { BudgetAlert } from '../budgets/budget-alert.type.ts';
import type { Wait } from '../generations/waiting.ts';
import { GenerationWait } from '../generations/waiting.type.ts';
import { waitOfEvent } from '../incidents/event-wait.ts';
import type { SentEvent } from './project-event.queries.ts';
import { ProjectEvent } from './project-event.type.ts';

@Resolver(() => ProjectEvent)
export class ProjectEventResolver {
  @FieldResolver(() => Budget, {
    nullable: true,
    description:
      'The budget that the event is about, as it is now. Null for events about no budget, and for a VIEWER.',
  })
  budget(@Ctx() ctx: Context, @Root() { budgetId }: SentEvent) {
    return budgetId === null ? null : budgetIfVisible(ctx, budgetId);
  }

  @FieldResolver(() => GenerationWait, {
    nullable: true,
    description:
      'For PROVIDER_WAIT_BEGAN and PROVIDER_WAIT_ENDED: what runs of the project wait for; `since` is the first moment of that state at the provider. Null for other events.',
  })
  wait(@Root() event: SentEvent): Wait | null {
    return waitOfEvent(event);
  }

  @FieldResolver(() => BudgetAlert, {
    nullable: true,
    description: 'For BUDGET_THRESHOLD_REACHED: the alert. Null for other events, and for a VIEWER.',
  })
  budgetAlert(@Ctx() ctx: Context, @Root() { budgetAlertId }: SentEvent) {
    return budgetAlertId === null ? null : budgetAlertIfVisible(ctx, budgetAlertId);
  }
}
