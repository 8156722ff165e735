import { Field, ObjectType } from 'type-graphql';
import { DecimalScalar, JsonObjectScalar } from '../../platform/graphql/scalars.ts';

@ObjectType({
  description:
    'What runs of a model with the same price-relevant parameters really cost: the newest 200 of the last 90 days. Amounts are US dollars for each run.',
})
export class ObservedPrice {
  @Field(() => JsonObjectScalar, {
    description:
      "The parameters that the price depends on, by the provider's names, and `outputs`, the number of pictures.",
  })
  shape: unknown;
  @Field(() => DecimalScalar, { nullable: true, description: 'The lowest cost. Null when no cost is known.' })
  least: bigint | null;
  @Field(() => DecimalScalar, { nullable: true, description: 'The median cost. Null when no cost is known.' })
  median: bigint | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'The 95th percentile of the costs. Null when no cost is known.',
  })
  percentile95: bigint | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'The highest cost. Null when no cost is known.',
  })
  greatest: bigint | null;
}
