import { Field, ObjectType } from 'type-graphql';
import { DecimalScalar, JsonObjectScalar } from '../../platform/graphql/scalars.ts';

@ObjectType({
  description:
    'What runs of a model with the same price-relevant parameters have really cost: the newest 200 of the last 90 days. Amounts are US dollars that were really paid.',
})
export class ObservedPrice {
  @Field(() => JsonObjectScalar, {
    description: "The parameters that the price depends on, by the provider's names, and `outputs`.",
  })
  shape: unknown;
  @Field(() => DecimalScalar, { nullable: true, description: 'The least.' })
  least: bigint | null;
  @Field(() => DecimalScalar, { nullable: true, description: 'The median.' })
  median: bigint | null;
  @Field(() => DecimalScalar, { nullable: true, description: 'The 95th percentile.' })
  percentile95: bigint | null;
  @Field(() => DecimalScalar, { nullable: true, description: 'The greatest.' })
  greatest: bigint | null;
}
