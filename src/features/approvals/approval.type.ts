import { Field, ID, InputType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { Generation } from '../generations/generation.type.ts';

@InputType({ description: 'The run to let pass.' })
export class ApproveGenerationInput {
  @Field(() => ID, { description: "The run's id. User error: NOT_AWAITING_APPROVAL." })
  id: string;
}

@InputType({ description: 'The run to turn down.' })
export class RejectGenerationInput {
  @Field(() => ID, { description: "The run's id. User error: NOT_AWAITING_APPROVAL." })
  id: string;
  @Field(() => String, {
    nullable: true,
    description: 'Told to whoever asked for the run, in `failure.message`. At most 500 characters.',
  })
  reason?: string | null;
}

export const ApproveGenerationPayload = payloadType(
  'ApproveGeneration',
  'generation',
  () => Generation,
  'The run, queued.',
);
export const RejectGenerationPayload = payloadType(
  'RejectGeneration',
  'generation',
  () => Generation,
  'The run, CANCELED.',
);
