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
      'The cost and duration of `generate` with the same input, before the run is requested. Nothing is written and nothing is set aside. User errors: those of `generate` except BUDGET_EXCEEDED, which `budgets` shows instead.',
  })
  quoteGeneration(
    @Ctx() ctx: Context,
    @Arg('input', () => GenerateInput, {
      description: 'The input of `generate`. `idempotencyKey`, `quoteId` and `reuse` have no effect here.',
    })
    input: GenerateInput,
  ) {
    return toPayload('quote', quoteGeneration(ctx, input));
  }

  @FieldResolver(() => DecimalScalar, {
    description:
      'US dollars that `generate` sets aside: the most that the run is expected to cost, or a configured amount when the cost is unknown. What the run does not cost is available again when it has ended.',
  })
  hold(@Root() quote: QuoteRow): bigint {
    return quote.holdMicros;
  }

  @Extensions({ items: 5 })
  @FieldResolver(() => [BudgetVerdict], {
    description: 'Every budget that covers the run, and whether it has enough available now.',
  })
  budgets(@Root() quote: QuoteRow) {
    return quote.verdicts;
  }

  @Extensions({ items: 10 })
  @FieldResolver(() => [Generation], {
    description:
      'The newest completed runs of the project with the same model, parameters, pictures and seed (any seed when none is given), except those whose pictures were all discarded: at most ten. With `reuse`, `generate` returns the first one.',
  })
  alreadyOwned(@Root() quote: QuoteRow) {
    return quote.owned;
  }
}
