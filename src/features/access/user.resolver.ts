import { FieldResolver, ID, Resolver, Root } from 'type-graphql';
import { toGlobalId } from '../../platform/reads/global-id.ts';
import type { UserRow } from './user.queries.ts';
import { User } from './user.type.ts';

@Resolver(() => User)
export class UserResolver {
  @FieldResolver(() => ID, { description: 'Opaque and stable; the same in every project.' })
  id(@Root() user: UserRow): string {
    return toGlobalId('User', user.id);
  }
}
