import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar, DecimalScalar } from '../../platform/graphql/scalars.ts';
import { estimateSources, type EstimateSource as Source } from '../prices/price-book.ts';

const EstimateSource = Object.fromEntries(estimateSources.map((source) => [source, source]));
registerEnumType(EstimateSource, {
  name: 'EstimateSource',
  description: 'What an estimate rests on.',
  valuesConfig: {
    OBSERVED: { description: 'What runs of this model and shape have really cost or taken, of late.' },
    PRICE_LIST: { description: "The provider's published figure." },
    UNKNOWN: { description: 'Nobody knows.' },
  },
});

@ObjectType({ description: 'What a run will cost, in US dollars; null while nobody knows.' })
export class PriceEstimate {
  @Field(() => DecimalScalar, { nullable: true, description: 'The least that a run of this shape has cost.' })
  minimum: bigint | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'The median of runs of this shape, or the list price.',
  })
  expected: bigint | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'What is set aside at the most; a run that is billed by time may still cost more.',
  })
  maximum: bigint | null;
  @Field(() => EstimateSource, { description: 'What `expected` rests on.' })
  source: Source;
  @Field(() => Int, { description: 'How many runs of this shape have been observed.' })
  samples: number;
}

@ObjectType({
  description: "How long a run will take, in the provider's compute seconds; null while nobody knows.",
})
export class DurationEstimate {
  @Field(() => Float, { nullable: true, description: 'One run in twenty was faster.' })
  minimumSeconds: number | null;
  @Field(() => Float, {
    nullable: true,
    description: 'The median of runs of this shape, or the published mean.',
  })
  expectedSeconds: number | null;
  @Field(() => Float, { nullable: true, description: 'One run in twenty took longer.' })
  maximumSeconds: number | null;
  @Field(() => EstimateSource, { description: 'What `expectedSeconds` rests on.' })
  source: Source;
  @Field(() => Int, { description: 'How many runs of this shape have been observed.' })
  samples: number;
}

@ObjectType({
  description:
    'What a run will cost and how long it will take, before it starts; `generate` honours it until it expires.',
})
export class Quote {
  @Field(() => ID, { description: 'Give it to `generate` as `quoteId`, with the same inputs.' })
  id: string;
  @Field(() => DateTimeScalar, { description: 'Until when it binds.' })
  expiresAt: Date;
  @Field(() => Int, { description: 'How many pictures it is for.' })
  outputCount: number;
  @Field(() => PriceEstimate, { description: 'What it will cost.' })
  price: PriceEstimate;
  @Field(() => DurationEstimate, { description: 'How long it will take.' })
  duration: DurationEstimate;
  @Field(() => Boolean, { description: 'It would wait for an owner.' })
  needsApproval: boolean;
}

export const QuoteGenerationPayload = payloadType('QuoteGeneration', 'quote', () => Quote, 'The quote.');
