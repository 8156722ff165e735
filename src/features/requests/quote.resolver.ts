import { Arg, Ctx, Extensions, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { DecimalScalar } from '../../platform/graphql/scalars.ts';
import { BudgetVerdict } from '../budgets/budget-verdict.type.ts';
import { Generation } from '../generations/generation.type.ts';
import { Quote, QuoteGenerationPayload } from './quote.type.ts';
import { type QuoteRow, quoteGeneration } from './quote-generation.ts';
import { GenerateInput } from './request.type.ts';

@Resolver(() => Quote)
export class QuoteResolver {
  @Query(() => QuoteGenerationPayload, {
    description:
      'What `generate` with this input would cost and how long it would take, before it starts. Nothing is written and nothing is set aside. User errors: those of `generate`, but BUDGET_EXCEEDED: `budgets` tells that.',
  })
  quoteGeneration(
    @Ctx() ctx: Context,
    @Arg('input', () => GenerateInput, {
      description: 'What to draw; `idempotencyKey`, `quoteId` and `reuse` do not matter here.',
    })
    input: GenerateInput,
  ) {
    return toPayload('quote', quoteGeneration(ctx, input));
  }

  @FieldResolver(() => DecimalScalar, {
    description:
      'What will be set aside: the most that it may cost, or a configured amount where nobody knows. What is not spent is free again at the end.',
  })
  hold(@Root() quote: QuoteRow): bigint {
    return quote.holdMicros;
  }

  @Extensions({ items: 5 })
  @FieldResolver(() => [BudgetVerdict], {
    description: 'Every budget that covers it, and whether it has room now.',
  })
  budgets(@Root() quote: QuoteRow) {
    return quote.verdicts;
  }

  @Extensions({ items: 10 })
  @FieldResolver(() => [Generation], {
    description:
      'The newest completed runs of the project with the same model, parameters, pictures and seed (any seed, where none is given), but for those whose pictures were all discarded: at most ten. `reuse` would answer the first.',
  })
  alreadyOwned(@Root() quote: QuoteRow) {
    return quote.owned;
  }
}
