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
    description: 'The run that this run repeats. Null when it repeats none.',
  })
  readonly retryOf: GenerationRow | null;

  @FieldResolver(() => Generation, {
    nullable: true,
    description: 'The run that repeats this run. Null when there is none.',
  })
  retriedAs(@Ctx() ctx: Context, @Root() generation: GenerationRow) {
    return findRetry(ctx, generation);
  }

  @Extensions({ paid: true })
  @Mutation(() => RetryGenerationPayload, {
    description:
      'Requests a FAILED or CANCELED run once more, with the same model, parameters, pictures and seed. This costs money. A run is repeated once; a second request gets the same new run. A VIEWER gets FORBIDDEN. User errors: NOT_RETRYABLE, BUDGET_EXCEEDED, MODEL_NOT_ALLOWED, CHARACTER_ARCHIVED, PROJECT_ARCHIVED, PROJECT_DELETING.',
  })
  retryGeneration(
    @Ctx() ctx: Context,
    @Arg('input', () => RetryGenerationInput, { description: 'The run to repeat.' })
    input: RetryGenerationInput,
  ) {
    return toPayload('generation', retryGeneration(ctx, input));
  }

  @Extensions({ paid: true })
  @Mutation(() => ResolveUncertainGenerationPayload, {
    description:
      "Settles an UNCERTAIN run, or an ended run whose cost is unknown, with what a person found in the provider's bill. Owners only; others and API keys get FORBIDDEN. User errors: NOT_UNCERTAIN, TOO_EARLY, UNUSUAL_COST, and with `retry` BUDGET_EXCEEDED, CHARACTER_ARCHIVED, PROJECT_ARCHIVED, PROJECT_DELETING.",
  })
  resolveUncertainGeneration(
    @Ctx() ctx: Context,
    @Arg('input', () => ResolveUncertainGenerationInput, { description: 'The run, and what was found.' })
    input: ResolveUncertainGenerationInput,
  ) {
    return toPayload('generation', resolveUncertainGeneration(ctx, input));
  }
}
