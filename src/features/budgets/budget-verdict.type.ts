import { Field, ObjectType } from 'type-graphql';
import { DecimalScalar } from '../../platform/graphql/scalars.ts';
import { Budget } from './budget.type.ts';

@ObjectType({ description: 'Whether a budget has enough available for a run.' })
export class BudgetVerdict {
  @Field(() => Budget, { description: 'A budget that covers the run.' })
  budget: Budget;
  @Field(() => DecimalScalar, {
    description: 'US dollars that the budget has available in its current period.',
  })
  available: bigint;
  @Field(() => DecimalScalar, { description: 'US dollars that would be held for the run.' })
  required: bigint;
  @Field(() => Boolean, { description: 'Whether `required` is at most `available` at this moment.' })
  fits: boolean;
}
