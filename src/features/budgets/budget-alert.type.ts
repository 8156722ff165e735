import { Field, Int, ObjectType } from 'type-graphql';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { connectionType, Node } from '../../platform/reads/connection.ts';

@ObjectType({
  implements: Node,
  description:
    'A threshold that a budget reached. There is at most one alert for each threshold and each value of the cap in a period, so a changed cap can raise it again. Amounts are those of the moment when it was reached.',
})
export class BudgetAlert extends Node {
  @Field(() => Int, { description: 'The threshold, as a percentage of the cap.' })
  threshold: number;
  @Field(() => DateTimeScalar, { description: 'When the alert was raised.' })
  createdAt: Date;
}

export const BudgetAlertConnection = connectionType('BudgetAlert', () => BudgetAlert);
