import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type DocumentNode, type GraphQLFormattedError, getOperationAST, OperationTypeNode } from 'graphql';
import { BadRequest, RateLimited } from '../../errors.ts';
import type { Context } from '../../platform/context.ts';
import { isHashUnknown } from '../../platform/graphql/documents/persisted-documents.ts';
import type { AskedOperation } from '../../platform/graphql/documents/prepare.ts';
import type { Cost } from '../../platform/limits/cost-meter.ts';
import { Loaders } from '../../platform/reads/loaders.ts';
import { sendExplorer, wantsExplorer } from '../explorer/explorer-route.ts';
import { mayIntrospect } from '../introspection.ts';
import type { Graphql } from '../open-graphql.ts';
import { presentError } from '../present-error.ts';
import { openPurse } from '../purse.ts';
import type { ServerContext } from '../server-context.ts';
import { answerType } from './accept.ts';
import { toApolloRequest } from './apollo-request.ts';
import type { Arrivals } from './arrivals.ts';
import { readOperation } from './read-operation.ts';

type HttpContext = Context & { readonly cost: Cost };

/** Serves GraphQL over HTTP at /graphql (and /graphql/), and the explorer to browsers that open it. */
export async function registerGraphqlHttp(
  app: FastifyInstance,
  ctx: ServerContext,
  arrivals: Arrivals,
  { schema, prepare, planner }: Graphql,
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
    // Taken by `prepare` as well; Apollo is given the text.
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    formatError: (formatted, error) => presentError(ctx, formatted, error),
    plugins: [
      // It touches every field of every answer and we set no cache hints.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      tellCost,
    ],
    logger: ctx.log.child({ part: 'apollo' }),
  });
  await apollo.start();

  async function execute(
    request: FastifyRequest,
    reply: FastifyReply,
    { asked, ...context }: { asked: AskedOperation } & Pick<HttpContext, 'viewer' | 'cost'>,
  ): Promise<FastifyReply> {
    const { status, headers, body } = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: toApolloRequest(request, asked),
      context: async () => ({ ...ctx, ...context, loaders: new Loaders() }),
    });
    for (const [name, value] of headers) reply.header(name, value);
    if (body.kind === 'chunked') throw new Error('No answer of ours comes in pieces.');
    return reply.code(status ?? 200).send(body.string);
  }

  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    // Before the body is read: a stranger learns nothing about the schema and sends us nothing large.
    onRequest: async (request) => {
      if (!wantsExplorer(request)) await arrivals.enter(request);
    },
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      if (wantsExplorer(request)) return sendExplorer(request, reply);
      const viewer = await arrivals.viewerOf(request);
      const purse = openPurse(ctx, viewer);
      let cost: Cost = { requested: 1, remaining: 0, restoreRate: ctx.config.COST_PER_SECOND };
      try {
        cost = await purse.enter();
        const asked = readOperation(request);
        const prepared = prepare(asked, { mayIntrospect: mayIntrospect(ctx, viewer) });
        cost = { ...cost, requested: prepared.cost };
        cost = await purse.pay(cost.requested);
        if (!prepared.errors) {
          const { document, query } = prepared;
          refuseSubscription(document, asked.operationName);
          const type = planner && mayBePlanned(request) ? answerType(request.headers.accept) : null;
          if (planner && type !== null) {
            const context = { ...ctx, viewer, loaders: new Loaders() };
            const data = await planner.answer(document, asked, context);
            if (data !== null) {
              const text = `${JSON.stringify({ data, extensions: { cost } })}\n`;
              // A long text, put together piece by piece, is made whole once; a short one goes in one write with its head.
              return reply.type(type).send(text.length > longText ? Buffer.from(text) : text);
            }
          }
          return await execute(request, reply, { asked: { ...asked, query }, viewer, cost });
        }
        // A cache must not answer with it once the text is known.
        if (isHashUnknown(prepared)) reply.header('cache-control', 'no-store');
        return refuse(request, reply.code(isHashUnknown(prepared) ? 200 : 400), {
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

const longText = 16_384;

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
