import { Ctx, Query, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { findProvider } from './provider.queries.ts';
import { Provider } from './provider.type.ts';

@Resolver(() => Provider)
export class ProviderResolver {
  @Query(() => Provider, { description: 'Where runs go, and whether they cost money.' })
  provider(@Ctx() ctx: Context): Provider {
    return findProvider(ctx);
  }
}
