import { Ctx, Extensions, FieldResolver, Query, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { ofRequest } from '../../platform/reads/root-reading.ts';
import { userById } from '../access/user.queries.ts';
import { User } from '../access/user.type.ts';
import { viewersApiKey } from './api-key.queries.ts';
import { ApiKey } from './api-key.type.ts';
import { Viewer } from './viewer.type.ts';

/** Compiled, because the pages of an application ask for it first, and monitors ask for it all the time. */
const viewerOf = ofRequest<Context, Viewer>(({ viewer }) => ({
  kind: viewer.kind,
  expiresAt: viewer.kind === 'ADMIN' ? null : viewer.expiresAt,
}));

@Resolver(() => Viewer)
export class ViewerResolver {
  @Extensions({ read: viewerOf })
  @Query(() => Viewer, { description: 'The caller of this request, as its credentials prove.' })
  viewer(@Ctx() ctx: Context): Viewer | Promise<Viewer> {
    return viewerOf.resolve({}, {}, ctx);
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
