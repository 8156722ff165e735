import { Ctx, Query, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { findProvider } from './provider.queries.ts';
import { Provider } from './provider.type.ts';

@Resolver(() => Provider)
export class ProviderResolver {
  @Query(() => Provider, {
    description: 'Where runs go, whether they cost money, and whether the provider takes them.',
  })
  provider(@Ctx() ctx: Context): Promise<Provider> {
    return findProvider(ctx);
  }
}
