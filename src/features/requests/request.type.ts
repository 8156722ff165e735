import { Field, ID, InputType, Int } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { Generation } from '../generations/generation.type.ts';
import { ModelInput } from '../image-models/model.input.ts';

@InputType({ description: 'The character to draw, the model and its parameters.' })
export class GenerateInput {
  @Field(() => ID, { description: 'The id of the character. User error: CHARACTER_ARCHIVED.' })
  characterId: string;
  @Field(() => String, {
    nullable: true,
    description:
      'Makes it safe to send the request again: the same key with the same input returns the same run. This holds for a time that the server sets (by default 90 days), and at least until the run has ended; afterwards the key may be used for a new request. At most 200 characters, without surrounding white space and without control characters. User error: IDEMPOTENCY_KEY_REUSED when the key was used with another input.',
  })
  idempotencyKey?: string | null;
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: true,
    description: "Whether the character's appearance is put before the prompt.",
  })
  includeAppearance?: boolean | null;
  @Field(() => String, {
    nullable: true,
    description:
      "The name of a group of runs, for the project's `approvalPerBatch` and for finding them. At most 200 characters.",
  })
  batch?: string | null;
  @Field(() => ID, {
    nullable: true,
    description:
      'The id of a quote for the same input: the quoted amount is set aside. User errors: QUOTE_INVALID, QUOTE_EXPIRED, QUOTE_DIFFERS.',
  })
  quoteId?: string | null;
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description:
      'Whether to return an existing run of the project with the same model, parameters, pictures and seed (any seed when none is given), instead of paying for a new run: a completed run with a picture that was not discarded, or a run that is under way.',
  })
  reuse?: boolean | null;
  @Field(() => Int, {
    nullable: true,
    defaultValue: 0,
    description:
      'How many seconds the response may wait for the run to end, from 0 to 60. It has the run as it stands when the run has ended, or when this time is over. A client that ends the connection meanwhile cancels nothing. When too many requests wait, the response comes at once.',
  })
  waitSeconds?: number | null;
  @Field(() => ModelInput, {
    description: 'The model and its parameters. User errors: OUT_OF_RANGE, REFERENCE_REQUIRED.',
  })
  model: ModelInput;
}

@InputType({ description: 'The run to cancel.' })
export class CancelGenerationInput {
  @Field(() => ID, { description: "The run's id." })
  id: string;
}

export const GeneratePayload = payloadType(
  'Generate',
  'generation',
  () => Generation,
  'The run: a new one that is QUEUED or AWAITING_APPROVAL, or an earlier one that the request already has or reuses. With `waitSeconds`, as it stands after the wait.',
);
export const CancelGenerationPayload = payloadType(
  'CancelGeneration',
  'generation',
  () => Generation,
  'The run: CANCELED, or with `cancelRequestedAt` when the provider already has it.',
);
