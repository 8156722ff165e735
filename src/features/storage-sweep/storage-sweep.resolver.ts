import { Ctx, Query, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { findStorageSweep } from './storage-sweep.queries.ts';
import { StorageSweep } from './storage-sweep.type.ts';

@Resolver(() => StorageSweep)
export class StorageSweepResolver {
  @Query(() => StorageSweep, {
    nullable: true,
    description:
      'The last complete check of the storage: what was left behind there, and what is missing. Null before the first check has ended. For the admin; others get FORBIDDEN.',
  })
  storageSweep(@Ctx() ctx: Context): Promise<StorageSweep | null> {
    return findStorageSweep(ctx);
  }
}
