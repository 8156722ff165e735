import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar, DecimalScalar } from '../../platform/graphql/scalars.ts';
import { estimateSources, type EstimateSource as Source } from '../prices/price-book.ts';

const EstimateSource = Object.fromEntries(estimateSources.map((source) => [source, source]));
registerEnumType(EstimateSource, {
  name: 'EstimateSource',
  description: 'The source of an estimate.',
  valuesConfig: {
    OBSERVED: { description: 'Recent runs of this model with the same price-relevant parameters.' },
    PRICE_LIST: { description: "The provider's published figure." },
    UNKNOWN: { description: 'There is no figure.' },
  },
});

@ObjectType({ description: 'The expected cost of a run, in US dollars. Amounts are null while unknown.' })
export class PriceEstimate {
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'The least that such a run has cost, or the list price unless the model is billed by time. Null while unknown.',
  })
  minimum: bigint | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'The median of such runs, or the list price. Null while unknown.',
  })
  expected: bigint | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'The most that is set aside. A run that is billed by time may still cost more. Null while unknown.',
  })
  maximum: bigint | null;
  @Field(() => EstimateSource, { description: 'The source of `expected`.' })
  source: Source;
  @Field(() => Int, { description: 'The number of such runs whose cost is known.' })
  samples: number;
}

@ObjectType({
  description:
    'The expected compute time of a run, in seconds as the provider reports them. Times are null while unknown.',
})
export class DurationEstimate {
  @Field(() => Float, {
    nullable: true,
    description: 'Five percent of such runs took less. Null while unknown.',
  })
  minimumSeconds: number | null;
  @Field(() => Float, {
    nullable: true,
    description: 'The median of such runs, or the published mean. Null while unknown.',
  })
  expectedSeconds: number | null;
  @Field(() => Float, {
    nullable: true,
    description: 'Five percent of such runs took longer. Null while unknown.',
  })
  maximumSeconds: number | null;
  @Field(() => EstimateSource, { description: 'The source of `expectedSeconds`.' })
  source: Source;
  @Field(() => Int, { description: 'The number of such runs whose time is known.' })
  samples: number;
}

@ObjectType({
  description:
    'The expected cost and duration of a run. `generate` sets aside the quoted amount until the quote expires.',
})
export class Quote {
  @Field(() => ID, {
    description: 'The id of the quote. Give it to `generate` as `quoteId`, with the same input.',
  })
  id: string;
  @Field(() => DateTimeScalar, { description: 'When the quote expires.' })
  expiresAt: Date;
  @Field(() => Int, { description: 'The number of pictures that the quote is for.' })
  outputCount: number;
  @Field(() => PriceEstimate, { description: 'The expected cost.' })
  price: PriceEstimate;
  @Field(() => DurationEstimate, { description: 'The expected duration.' })
  duration: DurationEstimate;
  @Field(() => Boolean, { description: 'Whether the run would wait for the approval of an owner.' })
  needsApproval: boolean;
}

export const QuoteGenerationPayload = payloadType('QuoteGeneration', 'quote', () => Quote, 'The quote.');
