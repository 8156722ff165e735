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
  description: 'Which runs of a project a budget is about.',
  valuesConfig: {
    PROJECT: { description: 'All of them.' },
    MEMBER: { description: 'Those that one user asked for, also with PERSONAL keys of theirs.' },
    API_KEY: { description: 'Those that one API key asked for.' },
    CHARACTER: { description: 'Those of one character.' },
    MODEL: { description: 'Those of one model.' },
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
    "How often a budget starts again from 0. A run counts for the period in which it was asked for, by the project's time zone.",
  valuesConfig: {
    DAY: { description: 'Every day.' },
    MONTH: { description: 'On the first day of every month.' },
    TOTAL: { description: 'Never.' },
  },
});

@ObjectType({
  implements: Node,
  description:
    'A hard cap: a run is refused when any budget that covers it has no room for the most that it may cost. Amounts are those of the current period.',
})
export class Budget extends Node {
  @Field(() => BudgetScope, { description: 'Which runs it is about.' })
  scope: ScopeName;
  @Field(() => BudgetPeriod, { description: 'How often it starts again from 0.' })
  period: PeriodName;
  @Field(() => [Int], {
    description:
      'Percents of the cap, ascending. There is an event and an alert when what is settled and held first reaches one in a period.',
  })
  thresholds: number[];
  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  createdAt: Date;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was removed; null while in force.' })
  removedAt: Date | null;
}

export const BudgetConnection = connectionType('Budget', () => Budget);

@InputType({ description: 'A new budget. Exactly the subject that the scope asks for is given.' })
export class CreateBudgetInput {
  @Field(() => ID, { description: 'The project it is for.' })
  projectId: string;
  @Field(() => BudgetScope, { description: 'Which runs it is about.' })
  scope: ScopeName;
  @Field(() => ID, { nullable: true, description: 'For MEMBER: who.' })
  memberId?: string | null;
  @Field(() => ID, { nullable: true, description: 'For API_KEY: which one.' })
  apiKeyId?: string | null;
  @Field(() => ID, { nullable: true, description: 'For CHARACTER: which one.' })
  characterId?: string | null;
  @Field(() => String, { nullable: true, description: "For MODEL: the model's slug." })
  model?: string | null;
  @Field(() => BudgetPeriod, { description: 'How often it starts again from 0.' })
  period: PeriodName;
  @Field(() => DecimalScalar, {
    description: 'The most that its runs may cost in a period: 0 or more; 0 lets only free ones pass.',
  })
  cap: bigint;
  @Field(() => [Int], {
    nullable: true,
    description: 'Percents of the cap, 1 to 100, ascending, at most ten. Left out: 50, 80 and 100.',
  })
  thresholds?: number[] | null;
}

@InputType({ description: 'What to change in a budget; what is left out stays.' })
export class UpdateBudgetInput {
  @Field(() => ID, { description: "The budget's id." })
  id: string;
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'The most that its runs may cost in a period, from this one on: 0 or more. Below what is settled and held it refuses every new run.',
  })
  cap?: bigint | null;
  @Field(() => [Int], {
    nullable: true,
    description: 'Percents of the cap, 1 to 100, ascending, at most ten.',
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
