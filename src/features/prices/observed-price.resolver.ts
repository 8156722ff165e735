import { Arg, Ctx, FieldResolver, Float, Int, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { ImageModel } from '../image-models/image-model.type.ts';
import { listObservedPrices, type ObservedPriceRow } from './observed-price.queries.ts';
import { ObservedPrice } from './observed-price.type.ts';

@Resolver(() => ImageModel)
export class ModelObservedPricesResolver {
  @FieldResolver(() => [ObservedPrice], {
    description: 'What its runs have really cost, by the parameters that the price depends on.',
  })
  observedPrices(
    @Ctx() ctx: Context,
    @Root() model: ImageModel,
    @Arg('first', () => Int, { defaultValue: 10, description: 'How many at the most: 1 to 100.' })
    first: number,
  ) {
    return listObservedPrices(ctx, model.slug, first);
  }
}

@Resolver(() => ObservedPrice)
export class ObservedPriceResolver {
  @FieldResolver(() => Int, { description: 'How many runs with a known cost.' })
  samples(@Root() observed: ObservedPriceRow): number {
    return observed.costs;
  }

  @FieldResolver(() => Float, { nullable: true, description: "The median of the runs' compute seconds." })
  medianSeconds(@Root() observed: ObservedPriceRow): number | null {
    return observed.seconds50;
  }
}
