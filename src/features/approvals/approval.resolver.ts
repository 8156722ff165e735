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
      'Lets a run pass that may cost more than the project lets pass by itself; owners only, in person. User error: NOT_AWAITING_APPROVAL.',
  })
  approveGeneration(
    @Ctx() ctx: Context,
    @Arg('input', () => ApproveGenerationInput, { description: 'Which one.' }) input: ApproveGenerationInput,
  ) {
    return toPayload('generation', approveGeneration(ctx, input));
  }

  @Mutation(() => RejectGenerationPayload, {
    description:
      'Turns a run down that waits for approval; it cost nothing. Owners only, in person. User error: NOT_AWAITING_APPROVAL.',
  })
  rejectGeneration(
    @Ctx() ctx: Context,
    @Arg('input', () => RejectGenerationInput, { description: 'Which one.' }) input: RejectGenerationInput,
  ) {
    return toPayload('generation', rejectGeneration(ctx, input));
  }
}
