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
  @Reads(globalId('BudgetAlert'), () => ID, { description: 'Opaque and stable.' })
  readonly id: string;

  @FieldResolver(() => Budget, { description: 'The budget, as it is now; it may be removed since.' })
  budget(@Ctx() ctx: Context, @Root() alert: BudgetAlertRow) {
    return findBudget(ctx, alert.budgetId);
  }

  @FieldResolver(() => DateScalar, {
    nullable: true,
    description:
      "The first day of the period, in the zone that the project had then; null for a budget's TOTAL.",
  })
  periodStartsOn(@Ctx() ctx: Context, @Root() alert: BudgetAlertRow) {
    return periodOf(ctx, alert);
  }

  @Reads(column(budgetAlertView, 'capMicros'), () => DecimalScalar, {
    description: 'The cap at that moment.',
  })
  readonly cap: bigint;

  @Reads(column(budgetAlertView, 'settledMicros'), () => DecimalScalar, {
    description: 'What was settled at that moment.',
  })
  readonly settled: bigint;

  @Reads(column(budgetAlertView, 'heldMicros'), () => DecimalScalar, {
    description: 'What was held at that moment.',
  })
  readonly held: bigint;

  @FieldResolver(() => JsonObjectScalar, {
    description:
      'All of it as a body to hand on to a webhook: `type`, `id`, `createdAt`, `project { id name }`, `budget { id scope period userId apiKeyId characterId model }`, `periodStartsOn`, `threshold`, and `cap`, `settled`, `held` as decimal text. These names stay; more may come.',
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
      'Thresholds of its budgets that were reached in the present provider environment, newest first. Not for a VIEWER: FORBIDDEN.',
  })
  budgetAlerts(@Ctx() ctx: Context, @Root() project: ProjectRow, @Args(() => PageArgs) page: PageArgs) {
    return listBudgetAlerts(ctx, project.id, page);
  }
}
