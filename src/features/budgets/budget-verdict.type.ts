import { Field, ObjectType } from 'type-graphql';
import { DecimalScalar } from '../../platform/graphql/scalars.ts';
import { Budget } from './budget.type.ts';

@ObjectType({ description: 'Whether a budget has room for a run.' })
export class BudgetVerdict {
  @Field(() => Budget, { description: 'A budget that covers the run.' })
  budget: Budget;
  @Field(() => DecimalScalar, { description: 'What it has available in its current period.' })
  available: bigint;
  @Field(() => DecimalScalar, { description: 'The most that the run may cost.' })
  required: bigint;
  @Field(() => Boolean, { description: 'Whether there is room for it, at this moment.' })
  fits: boolean;
}
