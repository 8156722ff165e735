import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { findAccountStatus } from '../provider/account-status.ts';
import { ProviderStatus } from '../provider/provider.type.ts';
import type { ProviderKeyRow } from './provider-key.queries.ts';
import { ProviderKey } from './provider-key.type.ts';

/** Only owners can read a project's key, and with it the status of its account. */
@Resolver(() => ProviderKey)
export class ProviderKeyStatusResolver {
  @FieldResolver(() => ProviderStatus, {
    description: 'Whether runs can be submitted with the account of this key.',
  })
  async status(@Ctx() ctx: Context, @Root() { account }: ProviderKeyRow) {
    return (await findAccountStatus(ctx, account)).status;
  }

  @FieldResolver(() => DateTimeScalar, {
    nullable: true,
    description: 'The first moment of this status; null while OPERATIONAL.',
  })
  async since(@Ctx() ctx: Context, @Root() { account }: ProviderKeyRow) {
    return (await findAccountStatus(ctx, account)).since;
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: 'A sentence about the problem; null while OPERATIONAL.',
  })
  async message(@Ctx() ctx: Context, @Root() { account }: ProviderKeyRow) {
    return (await findAccountStatus(ctx, account)).message;
  }
}
