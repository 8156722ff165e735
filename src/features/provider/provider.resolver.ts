import { Ctx, Query, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { findProvider } from './provider.queries.ts';
import { Provider } from './provider.type.ts';

@Resolver(() => Provider)
export class ProviderResolver {
  @Query(() => Provider, {
    description:
      'The provider that runs are submitted to, whether runs cost money, and whether they can be submitted.',
  })
  provider(@Ctx() ctx: Context): Promise<Provider> {
    return findProvider(ctx);
  }
}
