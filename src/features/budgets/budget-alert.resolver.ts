import { Args, Ctx, FieldResolver, ID, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { DateScalar, DecimalScalar, JsonObjectScalar } from '../../platform/graphql/scalars.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import { column, globalId } from '../../platform/reads/reading.ts';
import { Reads } from '../../platform/reads/reads.ts';
import type { ProjectRow } from '../projects/project.queries.ts';
import { Project } from '../projects/project.type.ts';
import { findBudget } from './budget.queries.ts';
import { Budget } from './budget.type.ts';
import { type BudgetAlertRow, listBudgetAlerts, payloadOf, periodOf } from './budget-alert.queries.ts';
import { BudgetAlert, BudgetAlertConnection } from './budget-alert.type.ts';
import { budgetAlertView } from './budget-alert.view.ts';

@Resolver(() => BudgetAlert)
export class BudgetAlertResolver {
  @Reads(globalId('BudgetAlert'), () => ID, { description: 'The global id. Opaque and stable.' })
  readonly id: string;

  @FieldResolver(() => Budget, { description: 'The budget as it is now; it may have been removed.' })
  budget(@Ctx() ctx: Context, @Root() alert: BudgetAlertRow) {
    return findBudget(ctx, alert.budgetId);
  }

  @FieldResolver(() => DateScalar, {
    nullable: true,
    description:
      "The first day of the budget's period, in the time zone that the project had then; null for a budget with the period TOTAL.",
  })
  periodStartsOn(@Ctx() ctx: Context, @Root() alert: BudgetAlertRow) {
    return periodOf(ctx, alert);
  }

  @Reads(column(budgetAlertView, 'capMicros'), () => DecimalScalar, {
    description: 'The cap, in US dollars, when the threshold was reached.',
  })
  readonly cap: bigint;

  @Reads(column(budgetAlertView, 'settledMicros'), () => DecimalScalar, {
    description: 'What was settled, in US dollars, when the threshold was reached.',
  })
  readonly settled: bigint;

  @Reads(column(budgetAlertView, 'heldMicros'), () => DecimalScalar, {
    description: 'What was held, in US dollars, when the threshold was reached.',
  })
  readonly held: bigint;

  @FieldResolver(() => JsonObjectScalar, {
    description:
      'The alert as a body for a webhook: `type`, `id`, `createdAt`, `project { id name }`, `budget { id scope period userId apiKeyId characterId model }`, `periodStartsOn`, `threshold`, and `cap`, `settled`, `held` as decimal text. These names are stable; more may be added.',
  })
  payload(@Ctx() ctx: Context, @Root() alert: BudgetAlertRow) {
    return payloadOf(ctx, alert);
  }
}

@Resolver(() => Project)
export class ProjectBudgetAlertsResolver {
  @FieldResolver(() => BudgetAlertConnection, {
    nullable: true,
    description:
      "The thresholds of the project's budgets that were reached in the current provider environment, newest first. A VIEWER gets FORBIDDEN.",
  })
  budgetAlerts(@Ctx() ctx: Context, @Root() project: ProjectRow, @Args(() => PageArgs) page: PageArgs) {
    return listBudgetAlerts(ctx, project.id, page);
  }
}
