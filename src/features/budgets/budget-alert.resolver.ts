import { ID, Resolver } from 'type-graphql';
import { DateScalar, DecimalScalar, JsonObjectScalar } from '../../platform/graphql/scalars.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import type { Page } from '../../platform/reads/page.ts';
import { asked, column, connection, globalId, row } from '../../platform/reads/reading.ts';
import { Reads } from '../../platform/reads/reads.ts';
import type { Asker } from '../access/authorize.ts';
import { ofProject } from '../access/readable.ts';
import { Project } from '../projects/project.type.ts';
import { type BudgetRow, budgets } from './budget.queries.ts';
import { Budget } from './budget.type.ts';
import { type BudgetAlertRow, payloadColumns, payloadOf, periodOf } from './budget-alert.queries.ts';
import { BudgetAlert, BudgetAlertConnection } from './budget-alert.type.ts';
import { budgetAlertsOfProject, budgetAlertView } from './budget-alert.view.ts';

@Resolver(() => BudgetAlert)
export class BudgetAlertResolver {
  @Reads(globalId('BudgetAlert'), () => ID, { description: 'The global id. Opaque and stable.' })
  readonly id: string;

  @Reads(row(budgetAlertView, 'budgetId', budgets), () => Budget, {
    description: 'The budget as it is now; it may have been removed.',
  })
  readonly budget: BudgetRow;

  @Reads(
    asked(budgetAlertView, ['budgetId', 'startsOn'], (alert, _: object, ctx: Asker) => periodOf(ctx, alert)),
    () => DateScalar,
    {
      nullable: true,
      description:
        "The first day of the budget's period, in the time zone that the project had then; null for a budget with the period TOTAL.",
    },
  )
  readonly periodStartsOn: string | null;

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

  @Reads(
    asked(budgetAlertView, payloadColumns, (alert, _: object, ctx: Asker) => payloadOf(ctx, alert)),
    () => JsonObjectScalar,
    {
      description:
        'The alert as a body for a webhook: `type`, `id`, `createdAt`, `project { id name }`, `budget { id scope period userId apiKeyId characterId model }`, `periodStartsOn`, `threshold`, and `cap`, `settled`, `held` as decimal text. These names are stable; more may be added.',
    },
  )
  readonly payload: Awaited<ReturnType<typeof payloadOf>>;
}

@Resolver(() => Project)
export class ProjectBudgetAlertsResolver {
  @Reads(connection(ofProject('READ_SPEND'), budgetAlertsOfProject), () => BudgetAlertConnection, {
    args: () => PageArgs,
    nullable: true,
    description:
      "The thresholds of the project's budgets that were reached in the current provider environment, newest first. A VIEWER gets FORBIDDEN.",
  })
  readonly budgetAlerts: Page<BudgetAlertRow>;
}
