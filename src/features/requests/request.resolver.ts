import { Arg, Ctx, Extensions, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { cancelGeneration } from './cancel-generation.ts';
import { generate } from './generate.ts';
import {
  CancelGenerationInput,
  CancelGenerationPayload,
  GenerateInput,
  GeneratePayload,
} from './request.type.ts';

@Resolver()
export class RequestResolver {
  @Extensions({ paid: true })
  @Mutation(() => GeneratePayload, { description: 'Asks for pictures of a character. This costs money.' })
  generate(
    @Ctx() ctx: Context,
    @Arg('input', () => GenerateInput, { description: 'What to draw.' }) input: GenerateInput,
  ) {
    return toPayload('generation', generate(ctx, input));
  }

  @Mutation(() => CancelGenerationPayload, {
    description:
      'Calls a run off: free before it is submitted; afterwards its result is still collected and paid for. User error: NOT_CANCELABLE.',
  })
  cancelGeneration(
    @Ctx() ctx: Context,
    @Arg('input', () => CancelGenerationInput, { description: 'Which one.' }) input: CancelGenerationInput,
  ) {
    return toPayload('generation', cancelGeneration(ctx, input));
  }
}
