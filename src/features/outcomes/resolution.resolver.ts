import { Arg, Ctx, Extensions, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { optionalRow } from '../../platform/reads/reading.ts';
import { Reads } from '../../platform/reads/reads.ts';
import { generations } from '../generations/generation.queries.ts';
import { Generation } from '../generations/generation.type.ts';
import { generationView } from '../generations/generation.view.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { findRetry } from './resolution.queries.ts';
import {
  ResolveUncertainGenerationInput,
  ResolveUncertainGenerationPayload,
  RetryGenerationInput,
  RetryGenerationPayload,
} from './resolution.type.ts';
import { resolveUncertainGeneration } from './resolve-uncertain-generation.ts';
import { retryGeneration } from './retry-generation.ts';

@Resolver(() => Generation)
export class ResolutionResolver {
  @Reads(optionalRow(generationView, 'retryOfId', generations), () => Generation, {
    nullable: true,
    description: 'The failed run that this one repeats.',
  })
  readonly retryOf: GenerationRow | null;

  @FieldResolver(() => Generation, { nullable: true, description: 'The run that repeats this failed one.' })
  retriedAs(@Ctx() ctx: Context, @Root() generation: GenerationRow) {
    return findRetry(ctx, generation);
  }

  @Extensions({ paid: true })
  @Mutation(() => RetryGenerationPayload, {
    description:
      'Asks once more for a FAILED or CANCELED run: the same model, parameters, pictures and seed. This costs money. A run is repeated once. User errors: NOT_RETRYABLE, BUDGET_EXCEEDED.',
  })
  retryGeneration(
    @Ctx() ctx: Context,
    @Arg('input', () => RetryGenerationInput, { description: 'Which one.' }) input: RetryGenerationInput,
  ) {
    return toPayload('generation', retryGeneration(ctx, input));
  }

  @Extensions({ paid: true })
  @Mutation(() => ResolveUncertainGenerationPayload, {
    description:
      "Settles an UNCERTAIN run by what a person has found in the provider's books; owners only. User errors: NOT_UNCERTAIN, TOO_EARLY, BUDGET_EXCEEDED.",
  })
  resolveUncertainGeneration(
    @Ctx() ctx: Context,
    @Arg('input', () => ResolveUncertainGenerationInput, { description: 'Which one, and what was found.' })
    input: ResolveUncertainGenerationInput,
  ) {
    return toPayload('generation', resolveUncertainGeneration(ctx, input));
  }
}
