import { Ctx, Query, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { findStorageSweep } from './storage-sweep.queries.ts';
import { StorageSweep } from './storage-sweep.type.ts';

@Resolver(() => StorageSweep)
export class StorageSweepResolver {
  @Query(() => StorageSweep, {
    nullable: true,
    description:
      'What was left behind in the storage, and what is missing there. Null before the first round has ended. For the admin; others: FORBIDDEN.',
  })
  storageSweep(@Ctx() ctx: Context): Promise<StorageSweep | null> {
    return findStorageSweep(ctx);
  }
}
