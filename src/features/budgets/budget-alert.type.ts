import { Field, Int, ObjectType } from 'type-graphql';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { connectionType, Node } from '../../platform/reads/connection.ts';

@ObjectType({
  implements: Node,
  description:
    'A threshold that a budget reached. There is at most one alert for each threshold in each period. Amounts are those of the moment when it was reached.',
})
export class BudgetAlert extends Node {
  @Field(() => Int, { description: 'The threshold, as a percentage of the cap.' })
  threshold: number;
  @Field(() => DateTimeScalar, { description: 'When the threshold was reached.' })
  createdAt: Date;
}

export const BudgetAlertConnection = connectionType('BudgetAlert', () => BudgetAlert);
