import { Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import type {
  BudgetPeriod as PeriodName,
  BudgetScope as ScopeName,
} from '../../platform/db/generated/client.ts';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar, DecimalScalar } from '../../platform/graphql/scalars.ts';
import { connectionType, Node } from '../../platform/reads/connection.ts';

/** Which runs a budget covers, as GraphQL's enum. */
const BudgetScope = {
  PROJECT: 'PROJECT',
  MEMBER: 'MEMBER',
  API_KEY: 'API_KEY',
  CHARACTER: 'CHARACTER',
  MODEL: 'MODEL',
} satisfies Record<ScopeName, ScopeName>;
registerEnumType(BudgetScope, {
  name: 'BudgetScope',
  description: 'Which runs of a project a budget covers.',
  valuesConfig: {
    PROJECT: { description: 'All runs of the project.' },
    MEMBER: { description: "Runs that one user requested, including those with the user's PERSONAL keys." },
    API_KEY: { description: 'Runs that one API key requested.' },
    CHARACTER: { description: 'Runs of one character.' },
    MODEL: { description: 'Runs of one model.' },
  },
});

/** How often a budget starts again from 0, as GraphQL's enum. */
export const BudgetPeriod = {
  DAY: 'DAY',
  MONTH: 'MONTH',
  TOTAL: 'TOTAL',
} satisfies Record<PeriodName, PeriodName>;
registerEnumType(BudgetPeriod, {
  name: 'BudgetPeriod',
  description:
    "How often a budget starts again from 0. A run counts in the period in which it was requested. Days and months are those of the project's time zone.",
  valuesConfig: {
    DAY: { description: 'A budget starts again every day.' },
    MONTH: { description: 'A budget starts again on the first day of every month.' },
    TOTAL: { description: 'A budget never starts again.' },
  },
});

@ObjectType({
  implements: Node,
  description:
    'A hard cap on spending. A run is refused with BUDGET_EXCEEDED when any budget that covers it has less available than would be held for the run. Amounts are US dollars, in the current period and the current provider environment. Those of a removed budget no longer change, and are 0 when its next period begins.',
})
export class Budget extends Node {
  @Field(() => BudgetScope, { description: 'Which runs the budget covers.' })
  scope: ScopeName;
  @Field(() => BudgetPeriod, { description: 'How often the budget starts again from 0.' })
  period: PeriodName;
  @Field(() => [Int], {
    description:
      'Percentages of the cap, ascending. When `settled + held` is above 0 and reaches one of them, there is an event and an alert: once in a period for each value of the cap. This also happens when the budget is created or changed.',
  })
  thresholds: number[];
  @Field(() => DateTimeScalar, { description: 'When the budget was created.' })
  createdAt: Date;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the budget was removed; null while it is in force.',
  })
  removedAt: Date | null;
}

export const BudgetConnection = connectionType('Budget', () => Budget);

@InputType({
  description: 'A new budget. The subject that the scope requires must be given, and no other subject.',
})
export class CreateBudgetInput {
  @Field(() => ID, { description: 'The id of the project that the budget is for.' })
  projectId: string;
  @Field(() => BudgetScope, { description: 'Which runs the budget covers.' })
  scope: ScopeName;
  @Field(() => ID, { nullable: true, description: 'The id of the member. Required for the scope MEMBER.' })
  memberId?: string | null;
  @Field(() => ID, { nullable: true, description: 'The id of the API key. Required for the scope API_KEY.' })
  apiKeyId?: string | null;
  @Field(() => ID, {
    nullable: true,
    description: 'The id of the character. Required for the scope CHARACTER.',
  })
  characterId?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'The slug of the model. Required for the scope MODEL.',
  })
  model?: string | null;
  @Field(() => BudgetPeriod, { description: 'How often the budget starts again from 0.' })
  period: PeriodName;
  @Field(() => DecimalScalar, {
    description:
      'US dollars: the most that runs of this budget may cost in a period. 0 or more; with 0 only free runs pass.',
  })
  cap: bigint;
  @Field(() => [Int], {
    nullable: true,
    description: 'Percentages of the cap: 1 to 100, ascending, at most ten. Left out: 50, 80 and 100.',
  })
  thresholds?: number[] | null;
}

@InputType({ description: 'New values for a budget. A field that is left out stays as it is.' })
export class UpdateBudgetInput {
  @Field(() => ID, { description: "The budget's id." })
  id: string;
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'US dollars: the most that runs of this budget may cost in a period, from the current period on. 0 or more. While it is below `settled + held`, only free runs pass.',
  })
  cap?: bigint | null;
  @Field(() => [Int], {
    nullable: true,
    description: 'Percentages of the cap: 1 to 100, ascending, at most ten.',
  })
  thresholds?: number[] | null;
}

@InputType({ description: 'The budget to remove.' })
export class RemoveBudgetInput {
  @Field(() => ID, { description: "The budget's id." })
  id: string;
}

export const CreateBudgetPayload = payloadType('CreateBudget', 'budget', () => Budget, 'The new budget.');
export const UpdateBudgetPayload = payloadType('UpdateBudget', 'budget', () => Budget, 'The changed budget.');
export const RemoveBudgetPayload = payloadType('RemoveBudget', 'budget', () => Budget, 'The removed budget.');
