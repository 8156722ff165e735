import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { DocumentNode } from 'graphql';
import type { Context } from '../../platform/context.ts';
import type { AskedOperation } from '../../platform/graphql/documents/prepare.ts';
import type { Cost } from '../../platform/limits/cost-meter.ts';
import { Loaders } from '../../platform/reads/loaders.ts';
import type { Graphql } from '../open-graphql.ts';
import { presentError } from '../present-error.ts';
import type { ServerContext } from '../server-context.ts';
import { answerType } from './accept.ts';
import { toApolloRequest } from './apollo-request.ts';
import { isKnownAnswer, tagOf } from './validator.ts';

type HttpContext = Context & { readonly cost: Cost };

/** An operation that was prepared and charged. */
export interface PaidOperation extends AskedOperation, Pick<HttpContext, 'viewer' | 'cost'> {
  readonly document: DocumentNode;
}

/** Executes an operation and sends its answer. */
export type Execute = (
  request: FastifyRequest,
  reply: FastifyReply,
  operation: PaidOperation,
) => Promise<FastifyReply>;

/**
 * The two ways to an answer: a query that can be compiled is answered by its plan; all others, and a plan that gave
 * up, by Apollo and the resolvers.
 */
export async function createExecute(
  ctx: ServerContext,
  { schema, prepare, planner }: Graphql,
): Promise<Execute> {
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
    // Every request has the header `authorization`, which no page of another site can send without a preflight.
    csrfPrevention: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    formatError: (formatted, error) => presentError(ctx, formatted, error),
    plugins: [
      // It touches every field of every answer and we set no cache hints.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      addCost,
    ],
    logger: ctx.log.child({ part: 'apollo' }),
  });
  await apollo.start();

  /** The answer's data as text; null where the plan does not answer. */
  async function answerByPlan({
    document,
    viewer,
    cost: _,
    ...asked
  }: PaidOperation): Promise<string | null> {
    if (!planner) return null;
    const context = { ...ctx, viewer, loaders: new Loaders() };
    const data = await planner.answer(document, asked, context);
    return data === null ? null : JSON.stringify(data);
  }

  const sendApollo: Execute = async (request, reply, { document: _, viewer, cost, ...asked }) => {
    const { status, headers, body } = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: toApolloRequest(request, asked),
      context: async () => ({ ...ctx, viewer, cost, loaders: new Loaders() }),
    });
    for (const [name, value] of headers) reply.header(name, value);
    if (body.kind === 'chunked') throw new Error('No answer of ours comes in pieces.');
    const etag = headers.get('etag');
    if (etag !== undefined && isKnownAnswer(request, reply, etag)) return reply.code(304).send();
    return reply.code(status ?? 200).send(body.string);
  };

  return async (request, reply, operation) => {
    const type = answerType(request.headers.accept);
    const data = type === null ? null : await answerByPlan(operation);
    if (type === null || data === null) return sendApollo(request, reply, operation);
    if (request.method === 'GET' && isKnownAnswer(request, reply, tagOf(data))) return reply.code(304).send();
    const text = `{"data":${data},"extensions":${JSON.stringify({ cost: operation.cost })}}\n`;
    // A short text goes in one write with its head.
    return reply.type(type).send(text.length > longText ? Buffer.from(text) : text);
  };
}

const longText = 16_384;

/** Adds the cost, and the tag of a GET. */
const addCost: ApolloServerPlugin<HttpContext> = {
  async requestDidStart() {
    return {
      async willSendResponse({ request, response: { body, http }, contextValue: { cost } }) {
        if (body.kind !== 'single') return;
        const { singleResult } = body;
        // An error may be gone a moment later.
        if (request.http?.method === 'GET' && singleResult.errors === undefined && singleResult.data)
          http.headers.set('etag', tagOf(JSON.stringify(singleResult.data)));
        singleResult.extensions = { ...singleResult.extensions, cost };
      },
    };
  },
};
