import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { fastifyApolloDrainPlugin, fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { Unauthenticated } from '../errors.ts';
import type { Viewer } from '../platform/auth/viewer.ts';
import type { Context } from '../platform/context.ts';
import { Loaders } from '../platform/graphql/loaders.ts';
import { sendExplorer, wantsExplorer } from './explorer/explorer-route.ts';
import { presentError } from './present-error.ts';
import type { ServerContext } from './server-context.ts';

/** Serves GraphQL over HTTP at /graphql, and the explorer to browsers that open it. */
export async function registerGraphqlHttp(
  app: FastifyInstance,
  ctx: ServerContext,
  schema: GraphQLSchema,
): Promise<void> {
  const apollo = new ApolloServer<Context>({
    schema,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    formatError: (formatted, error) => presentError(ctx.log, formatted, error),
    plugins: [
      fastifyApolloDrainPlugin(app),
      // It touches every field of every answer and we set no cache hints.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
    ],
    logger: ctx.log.child({ part: 'apollo' }),
  });
  await apollo.start();

  const viewers = new WeakMap<FastifyRequest, Viewer>();
  const handle = fastifyApolloHandler(apollo, {
    context: async (request: FastifyRequest) => ({
      ...ctx,
      viewer: viewers.get(request) ?? refuse(),
      loaders: new Loaders(),
    }),
  });
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      if (wantsExplorer(request)) return sendExplorer(reply);
      // Before the body is looked at: a stranger learns nothing about the schema.
      viewers.set(request, await ctx.authenticate(request.headers.authorization));
      return handle.call(app, request, reply);
    },
  });
}

function refuse(): never {
  throw new Unauthenticated();
}
