import { Field, ID, InputType, registerEnumType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DecimalScalar } from '../../platform/graphql/scalars.ts';
import { Generation } from '../generations/generation.type.ts';

const UncertainOutcome = { CHARGED: 'CHARGED', NOT_CHARGED: 'NOT_CHARGED' } as const;
registerEnumType(UncertainOutcome, {
  name: 'UncertainOutcome',
  description: "What became of the money for a run, by the provider's bill.",
  valuesConfig: {
    CHARGED: { description: 'The provider took the money.' },
    NOT_CHARGED: { description: 'The provider never took the run, or did not charge it.' },
  },
});

@InputType({ description: 'What a person has found out about an UNCERTAIN run.' })
export class ResolveUncertainGenerationInput {
  @Field(() => ID, {
    description:
      "The run's id: UNCERTAIN, or ended with a cost that nobody knows. User errors: NOT_UNCERTAIN, TOO_EARLY.",
  })
  id: string;
  @Field(() => UncertainOutcome, { description: 'Whether it was charged.' })
  outcome: keyof typeof UncertainOutcome;
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      "For CHARGED: what the provider's bill says. Left out: the list price. User error: UNUSUAL_COST for more than 5 dollars, if that is also more than ten times the run's hold and more than ten times its list price.",
  })
  amount?: bigint | null;
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'Books the `amount` although it is unusual: what is booked cannot be taken back.',
  })
  confirmUnusualCost?: boolean | null;
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'Asks for the same once more; `retriedAs` is the new run. User error: BUDGET_EXCEEDED.',
  })
  retry?: boolean | null;
}

@InputType({ description: 'The run to ask for once more.' })
export class RetryGenerationInput {
  @Field(() => ID, { description: "The run's id. User error: NOT_RETRYABLE." })
  id: string;
}

export const ResolveUncertainGenerationPayload = payloadType(
  'ResolveUncertainGeneration',
  'generation',
  () => Generation,
  'The run, settled; `retriedAs` where it was asked for once more.',
);
export const RetryGenerationPayload = payloadType(
  'RetryGeneration',
  'generation',
  () => Generation,
  'The new run; the same one for whoever asks again.',
);
