import { Field, Int, ObjectType } from 'type-graphql';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { connectionType, Node } from '../../platform/reads/connection.ts';

@ObjectType({
  implements: Node,
  description:
    'A threshold of a budget that was reached, once in each period. Amounts are those of that moment.',
})
export class BudgetAlert extends Node {
  @Field(() => Int, { description: 'Percent of the cap.' })
  threshold: number;
  @Field(() => DateTimeScalar, { description: 'When it was reached.' })
  createdAt: Date;
}

export const BudgetAlertConnection = connectionType('BudgetAlert', () => BudgetAlert);
