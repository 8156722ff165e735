import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type DocumentNode, getOperationAST, OperationTypeNode } from 'graphql';
import { BadRequest } from '../../errors.ts';
import type { Viewer } from '../../platform/auth/viewer.ts';
import type { Cost } from '../../platform/limits/cost-meter.ts';
import { sendExplorer, wantsExplorer } from '../explorer/explorer-route.ts';
import { mayIntrospect } from '../introspection.ts';
import type { Graphql } from '../open-graphql.ts';
import { rateLimitOf } from '../rate-limit.ts';
import type { ServerContext } from '../server-context.ts';
import type { Arrivals } from './arrivals.ts';
import { createExecute } from './execute.ts';
import { readOperation } from './read-operation.ts';
import { refuseDocument, refuseRequest, sendRefusal } from './refusal.ts';

/** Serves GraphQL over HTTP at /graphql (and /graphql/), and the explorer to browsers that open it. */
export async function registerGraphqlHttp(
  app: FastifyInstance,
  ctx: ServerContext,
  arrivals: Arrivals,
  graphql: Graphql,
): Promise<void> {
  const execute = await createExecute(ctx, graphql);

  /** Reads, prepares, charges and executes an operation. Each response shows its cost, also a refusal. */
  async function answer(request: FastifyRequest, reply: FastifyReply, viewer: Viewer): Promise<FastifyReply> {
    const rateLimit = rateLimitOf(ctx, viewer);
    let cost: Cost = { requested: 1, remaining: 0, restoreRate: ctx.config.COST_PER_SECOND };
    try {
      cost = await rateLimit.chargeFirst();
      const asked = readOperation(request);
      const prepared = graphql.prepare(asked, { mayIntrospect: mayIntrospect(ctx, viewer) });
      cost = { ...cost, requested: prepared.cost };
      cost = await rateLimit.chargeRest(prepared.cost);
      if (prepared.errors) return sendRefusal(request, reply, refuseDocument(ctx, prepared.errors), cost);
      const { document, query } = prepared;
      refuseSubscription(document, asked.operationName);
      const { operationName, variables } = asked;
      return await execute(request, reply, { document, query, operationName, variables, viewer, cost });
    } catch (error) {
      const refusal = refuseRequest(ctx, error);
      if (!refusal) throw error;
      return sendRefusal(request, reply, refusal, cost);
    }
  }

  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    // Before the body is read, so that a client without credentials learns nothing of the schema and sends no large
    // body.
    onRequest: async (request) => {
      if (!wantsExplorer(request)) await arrivals.enter(request);
    },
    handler: async (request: FastifyRequest, reply: FastifyReply) =>
      wantsExplorer(request)
        ? sendExplorer(request, reply)
        : answer(request, reply, await arrivals.viewerOf(request)),
  });
}

/** Throws BadRequest for a subscription, because HTTP has one response for each request. */
function refuseSubscription(document: DocumentNode, operationName: string | null): void {
  if (getOperationAST(document, operationName)?.operation !== OperationTypeNode.SUBSCRIPTION) return;
  throw new BadRequest('Subscriptions are served over WebSocket, subprotocol graphql-transport-ws.');
}
