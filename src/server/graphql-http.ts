import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { fastifyApolloDrainPlugin, fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type DocumentNode,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getOperationAST,
  OperationTypeNode,
} from 'graphql';
import { BadRequest, RateLimited, Unauthenticated } from '../errors.ts';
import type { Viewer } from '../platform/auth/viewer.ts';
import type { Context } from '../platform/context.ts';
import { Loaders } from '../platform/graphql/loaders.ts';
import type { Planner } from '../platform/graphql/plan/execute.ts';
import type { Prepare } from '../platform/graphql/prepare.ts';
import type { Cost } from '../platform/limits/cost-meter.ts';
import { answerType } from './accept.ts';
import { createArrivals } from './arrivals.ts';
import { sendExplorer, wantsExplorer } from './explorer/explorer-route.ts';
import { mayIntrospect } from './introspection.ts';
import { presentError } from './present-error.ts';
import { openPurse } from './purse.ts';
import { readOperation } from './read-operation.ts';
import type { ServerContext } from './server-context.ts';

type HttpContext = Context & { readonly cost: Cost };

/** Serves GraphQL over HTTP at /graphql, and the explorer to browsers that open it. */
export async function registerGraphqlHttp(
  app: FastifyInstance,
  ctx: ServerContext,
  { schema, prepare, planner }: { schema: GraphQLSchema; prepare: Prepare; planner: Planner | null },
): Promise<void> {
  const apollo = new ApolloServer<HttpContext>({
    schema,
    // Asked and answered by `prepare`, like parsing and validation: what gets here has passed it.
    introspection: true,
    documentStore: {
      get: async (key) => prepare.known(key.slice(-64)),
      set: async () => undefined,
      delete: async () => undefined,
    },
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    formatError: (formatted, error) => presentError(ctx, formatted, error),
    plugins: [
      fastifyApolloDrainPlugin(app),
      // It touches every field of every answer and we set no cache hints.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      tellCost,
    ],
    logger: ctx.log.child({ part: 'apollo' }),
  });
  await apollo.start();

  const arrivals = createArrivals(ctx);
  const viewers = new WeakMap<FastifyRequest, Viewer>();
  const costs = new WeakMap<FastifyRequest, Cost>();
  const handle = fastifyApolloHandler(apollo, {
    context: async (request: FastifyRequest) => {
      const [viewer, cost] = [viewers.get(request), costs.get(request)];
      if (!viewer || !cost) throw new Unauthenticated();
      return { ...ctx, viewer, cost, loaders: new Loaders() };
    },
  });

  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    // Before the body is read: a stranger learns nothing about the schema and sends us nothing large.
    onRequest: async (request) => {
      if (!wantsExplorer(request)) await arrivals.enter(request);
    },
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      if (wantsExplorer(request)) return sendExplorer(reply);
      const viewer = await arrivals.viewerOf(request);
      viewers.set(request, viewer);
      const purse = openPurse(ctx, viewer);
      let cost: Cost = { requested: 1, remaining: 0, restoreRate: ctx.config.COST_PER_SECOND };
      try {
        cost = await purse.enter();
        const asked = readOperation(request);
        const prepared = asked && prepare(asked, { mayIntrospect: mayIntrospect(ctx, viewer) });
        cost = { ...cost, requested: prepared?.cost ?? 1 };
        cost = await purse.pay(cost.requested);
        costs.set(request, cost);
        if (prepared?.document) refuseSubscription(prepared.document, asked?.operationName ?? null);
        const type = planner && mayBePlanned(request) ? answerType(request.headers.accept) : null;
        if (planner && prepared?.document && asked && type !== null) {
          const context = { ...ctx, viewer, loaders: new Loaders() };
          const data = await planner.answer(prepared.document, asked, context);
          // As bytes: a text that was put together piece by piece would be put together again for each part of it.
          if (data !== null)
            return reply
              .type(type)
              .send(Buffer.from(`{"data":${data},"extensions":${JSON.stringify({ cost })}}\n`));
        }
        if (!prepared?.errors) return await handle.call(app, request, reply);
        return refuse(request, reply.code(400), {
          errors: prepared.errors.map((error) => presentError(ctx, error.toJSON(), error)),
          extensions: { cost },
        });
      } catch (error) {
        if (!(error instanceof RateLimited || error instanceof BadRequest)) throw error;
        if (error instanceof RateLimited) reply.header('retry-after', error.retryAfterSeconds);
        return refuse(request, reply.code(error instanceof RateLimited ? 429 : 400), {
          errors: [presentError(ctx, { message: error.message }, error)],
          extensions: { cost },
        });
      }
    },
  });
}

/** A GET that a page of another site may cause is left to Apollo, which refuses it. */
function mayBePlanned({ method, headers }: FastifyRequest): boolean {
  return (
    method === 'POST' || Boolean(headers['apollo-require-preflight'] ?? headers['x-apollo-operation-name'])
  );
}

/** Throws BadRequest: an answer over HTTP is one answer. */
function refuseSubscription(document: DocumentNode, operationName: string | null): void {
  if (getOperationAST(document, operationName)?.operation !== OperationTypeNode.SUBSCRIPTION) return;
  throw new BadRequest('Subscriptions are served over WebSocket, subprotocol graphql-transport-ws.');
}

const tellCost: ApolloServerPlugin<HttpContext> = {
  async requestDidStart() {
    return {
      async willSendResponse({ response: { body }, contextValue: { cost } }) {
        if (body.kind === 'single') body.singleResult.extensions = { ...body.singleResult.extensions, cost };
      },
    };
  },
};

/** An answer to an operation that is not executed, in the media type that the client asks for. */
function refuse(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  answer: { errors: readonly GraphQLFormattedError[]; extensions: { cost: Cost } },
): FastifyReply {
  return reply
    .type(answerType(headers.accept) ?? 'application/json; charset=utf-8')
    .send(JSON.stringify(answer));
}
