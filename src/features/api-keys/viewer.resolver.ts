import { Ctx, FieldResolver, Query, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { userById } from '../access/user.queries.ts';
import { User } from '../access/user.type.ts';
import { viewersApiKey } from './api-key.queries.ts';
import { ApiKey } from './api-key.type.ts';
import { Viewer } from './viewer.type.ts';

@Resolver(() => Viewer)
export class ViewerResolver {
  @Query(() => Viewer, { description: 'The caller of this request, as its credentials prove.' })
  viewer(@Ctx() { viewer }: Context): Viewer {
    return { kind: viewer.kind, expiresAt: viewer.kind === 'ADMIN' ? null : viewer.expiresAt };
  }

  @FieldResolver(() => User, {
    nullable: true,
    description: 'The person; null for the admin and SERVICE keys.',
  })
  user(@Ctx() ctx: Context) {
    const { viewer } = ctx;
    return viewer.kind === 'ADMIN' || viewer.userId === null ? null : userById(ctx, viewer.userId);
  }

  @FieldResolver(() => ApiKey, {
    nullable: true,
    description: 'The API key that the request was sent with; null for other credentials.',
  })
  apiKey(@Ctx() ctx: Context) {
    return viewersApiKey(ctx);
  }
}
