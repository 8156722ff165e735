import { Arg, Ctx, FieldResolver, Float, Int, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { ImageModel } from '../image-models/image-model.type.ts';
import { listObservedPrices, type ObservedPriceRow } from './observed-price.queries.ts';
import { ObservedPrice } from './observed-price.type.ts';

@Resolver(() => ImageModel)
export class ModelObservedPricesResolver {
  @FieldResolver(() => [ObservedPrice], {
    description:
      'What runs of this model really cost, for each combination of the parameters that the price depends on.',
  })
  observedPrices(
    @Ctx() ctx: Context,
    @Root() model: ImageModel,
    @Arg('first', () => Int, { defaultValue: 10, description: 'The number of combinations: 1 to 100.' })
    first: number,
  ) {
    return listObservedPrices(ctx, model.slug, first);
  }
}

@Resolver(() => ObservedPrice)
export class ObservedPriceResolver {
  @FieldResolver(() => Int, { description: 'The number of runs whose cost is known.' })
  samples(@Root() observed: ObservedPriceRow): number {
    return observed.costs;
  }

  @FieldResolver(() => Float, {
    nullable: true,
    description: "The median of the runs' compute time, in seconds. Null when no time is known.",
  })
  medianSeconds(@Root() observed: ObservedPriceRow): number | null {
    return observed.seconds50;
  }
}
