import { Arg, Ctx, Extensions, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { cancelGeneration } from './cancel-generation.ts';
import { generateAndWait } from './generate-and-wait.ts';
import {
  CancelGenerationInput,
  CancelGenerationPayload,
  GenerateInput,
  GeneratePayload,
} from './request.type.ts';

@Resolver()
export class RequestResolver {
  @Extensions({ paid: true })
  @Mutation(() => GeneratePayload, {
    description:
      "Requests a run: pictures of a character. This costs money. A VIEWER gets FORBIDDEN. User errors: BUDGET_EXCEEDED, MODEL_NOT_ALLOWED, PROJECT_ARCHIVED, PROJECT_DELETING, and those of the input's fields.",
  })
  generate(
    @Ctx() ctx: Context,
    @Arg('input', () => GenerateInput, { description: 'The character, the model and its parameters.' })
    input: GenerateInput,
  ) {
    return toPayload('generation', generateAndWait(ctx, input));
  }

  @Mutation(() => CancelGenerationPayload, {
    description:
      'Cancels a run. Before the run is submitted this costs nothing; afterwards its result is still collected and paid for. A VIEWER gets FORBIDDEN. User error: NOT_CANCELABLE.',
  })
  cancelGeneration(
    @Ctx() ctx: Context,
    @Arg('input', () => CancelGenerationInput, { description: 'The run to cancel.' })
    input: CancelGenerationInput,
  ) {
    return toPayload('generation', cancelGeneration(ctx, input));
  }
}
