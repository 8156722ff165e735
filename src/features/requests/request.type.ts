import { Field, ID, InputType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { Generation } from '../generations/generation.type.ts';
import { ModelInput } from '../image-models/model.input.ts';

@InputType({ description: 'What to draw, of whom, with which model.' })
export class GenerateInput {
  @Field(() => ID, { description: 'Of whom. User error: CHARACTER_ARCHIVED.' })
  characterId: string;
  @Field(() => String, {
    nullable: true,
    description:
      'Makes it safe to send the request again: the same key and input give the same run, for a time that the server sets (by default 90 days) and at least until the run has ended; afterwards the key is that of a new request. At most 200 characters, without white space around them and without control characters. User error: IDEMPOTENCY_KEY_REUSED.',
  })
  idempotencyKey?: string | null;
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: true,
    description: "Puts the character's appearance before the prompt.",
  })
  includeAppearance?: boolean | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Names runs that belong together, for analytics and for approval above an amount for each batch. At most 200 characters.',
  })
  batch?: string | null;
  @Field(() => ID, {
    nullable: true,
    description:
      'A quote for these very inputs: what it set aside is what is set aside. User errors: QUOTE_INVALID, QUOTE_EXPIRED, QUOTE_DIFFERS.',
  })
  quoteId?: string | null;
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description:
      'Answers a run of the project with the same model, parameters, pictures and seed (any seed, where none is given) instead of buying it again: one that is completed, with a picture that was not discarded, or one under way.',
  })
  reuse?: boolean | null;
  @Field(() => ModelInput, {
    description: 'The model and its parameters. User errors: OUT_OF_RANGE, REFERENCE_REQUIRED.',
  })
  model: ModelInput;
}

@InputType({ description: 'The run to call off.' })
export class CancelGenerationInput {
  @Field(() => ID, { description: "The run's id." })
  id: string;
}

export const GeneratePayload = payloadType(
  'Generate',
  'generation',
  () => Generation,
  'The run: QUEUED, AWAITING_APPROVAL, or the earlier one that answers the request.',
);
export const CancelGenerationPayload = payloadType(
  'CancelGeneration',
  'generation',
  () => Generation,
  'The run: CANCELED, or with `cancelRequestedAt` when the provider had it already.',
);
