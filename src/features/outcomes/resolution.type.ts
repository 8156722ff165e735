import { Field, ID, InputType, registerEnumType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DecimalScalar } from '../../platform/graphql/scalars.ts';
import { Generation } from '../generations/generation.type.ts';

const UncertainOutcome = { CHARGED: 'CHARGED', NOT_CHARGED: 'NOT_CHARGED' } as const;
registerEnumType(UncertainOutcome, {
  name: 'UncertainOutcome',
  description: "Whether a run was charged, by the provider's bill.",
  valuesConfig: {
    CHARGED: { description: 'The provider charged the run.' },
    NOT_CHARGED: { description: 'The provider did not take the run, or did not charge it.' },
  },
});

@InputType({ description: 'What a person found out about a run whose cost is unknown.' })
export class ResolveUncertainGenerationInput {
  @Field(() => ID, {
    description:
      "The run's id. The run is UNCERTAIN, or has ended and its cost is unknown. User errors: NOT_UNCERTAIN; TOO_EARLY while the worker that submitted the run may still receive the response.",
  })
  id: string;
  @Field(() => UncertainOutcome, { description: 'Whether the run was charged.' })
  outcome: keyof typeof UncertainOutcome;
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      "For CHARGED: US dollars by the provider's bill. Left out: the list price. User error: UNUSUAL_COST for more than 5 dollars, if that is also more than ten times the run's hold and more than ten times its list price.",
  })
  amount?: bigint | null;
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'Whether to book the `amount` although it is unusual. A booked amount cannot be withdrawn.',
  })
  confirmUnusualCost?: boolean | null;
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description:
      'Whether to request the same run once more; `retriedAs` is the new run. User error: BUDGET_EXCEEDED, and then nothing is settled.',
  })
  retry?: boolean | null;
}

@InputType({ description: 'The run to repeat.' })
export class RetryGenerationInput {
  @Field(() => ID, { description: "The run's id. User error: NOT_RETRYABLE." })
  id: string;
}

export const ResolveUncertainGenerationPayload = payloadType(
  'ResolveUncertainGeneration',
  'generation',
  () => Generation,
  'The settled run. `retriedAs` is the new run if one was requested.',
);
export const RetryGenerationPayload = payloadType(
  'RetryGeneration',
  'generation',
  () => Generation,
  'The new run. Repeated requests get the same one.',
);
