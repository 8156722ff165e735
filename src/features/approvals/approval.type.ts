import { Field, ID, InputType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { Generation } from '../generations/generation.type.ts';

@InputType({ description: 'The run to approve.' })
export class ApproveGenerationInput {
  @Field(() => ID, { description: "The run's id. User error: NOT_AWAITING_APPROVAL." })
  id: string;
}

@InputType({ description: 'The run to reject.' })
export class RejectGenerationInput {
  @Field(() => ID, { description: "The run's id. User error: NOT_AWAITING_APPROVAL." })
  id: string;
  @Field(() => String, {
    nullable: true,
    description: 'The reason, which is added to `failure.message` of the run. At most 500 characters.',
  })
  reason?: string | null;
}

export const ApproveGenerationPayload = payloadType(
  'ApproveGeneration',
  'generation',
  () => Generation,
  'The approved run, QUEUED.',
);
export const RejectGenerationPayload = payloadType(
  'RejectGeneration',
  'generation',
  () => Generation,
  'The rejected run, CANCELED.',
);
