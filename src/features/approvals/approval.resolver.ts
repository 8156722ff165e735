import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { Generation } from '../generations/generation.type.ts';
import {
  ApproveGenerationInput,
  ApproveGenerationPayload,
  RejectGenerationInput,
  RejectGenerationPayload,
} from './approval.type.ts';
import { approveGeneration } from './approve-generation.ts';
import { rejectGeneration } from './reject-generation.ts';

@Resolver(() => Generation)
export class ApprovalResolver {
  @Mutation(() => ApproveGenerationPayload, {
    description:
      'Approves a run that waits for approval, so that it is queued. Owners only; others and API keys get FORBIDDEN. User errors: NOT_AWAITING_APPROVAL, PROJECT_ARCHIVED, PROJECT_DELETING.',
  })
  approveGeneration(
    @Ctx() ctx: Context,
    @Arg('input', () => ApproveGenerationInput, { description: 'The run to approve.' })
    input: ApproveGenerationInput,
  ) {
    return toPayload('generation', approveGeneration(ctx, input));
  }

  @Mutation(() => RejectGenerationPayload, {
    description:
      'Rejects a run that waits for approval. The run is CANCELED and costs nothing. Owners only; others and API keys get FORBIDDEN. User error: NOT_AWAITING_APPROVAL.',
  })
  rejectGeneration(
    @Ctx() ctx: Context,
    @Arg('input', () => RejectGenerationInput, { description: 'The run to reject, and the reason.' })
    input: RejectGenerationInput,
  ) {
    return toPayload('generation', rejectGeneration(ctx, input));
  }
}
