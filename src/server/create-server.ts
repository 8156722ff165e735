import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { isForLater, toError } from '../errors.ts';
import { registerExplorer } from './explorer/explorer-route.ts';
import { registerExportRoute } from './files/export-route.ts';
import { registerImageRoute } from './files/image-route.ts';
import { registerOutputRoute } from './files/output-route.ts';
import { registerPersonRoute } from './files/person-route.ts';
import { registerHealthRoute } from './health-route.ts';
import { answerType } from './http/accept.ts';
import { createArrivals } from './http/arrivals.ts';
import { registerCompression } from './http/compression.ts';
import { registerCors } from './http/cors.ts';
import { registerGraphqlHttp } from './http/graphql-http.ts';
import { presentHttpError } from './http/http-error.ts';
import { registerJsonBody } from './http/json-body.ts';
import { registerSchemaRoute } from './http/schema-route.ts';
import type { Graphql } from './open-graphql.ts';
import type { ServerContext } from './server-context.ts';
import { serveGraphqlWebsocket } from './websocket/graphql-websocket.ts';

export interface Server {
  readonly app: FastifyInstance;
  /**
   * Closes sockets with 1001, stops listening and answers the requests in flight. Connections that take longer than
   * SHUTDOWN_GRACE_MS are cut, because otherwise a client that does not read its response could delay the stop forever.
   */
  close(): Promise<void>;
}

/**
 * A connection is cut when its client reads nothing of a response for this long. Until then the response uses memory.
 */
const stalledMs = 60_000;

/** Assembles the transports: GraphQL over HTTP and WebSocket, files, health checks and, for browsers, the explorer. */
export async function createServer(ctx: ServerContext, graphql: Graphql): Promise<Server> {
  const { MAX_BODY_BYTES, TRUST_PROXY, CORS_ORIGINS } = ctx.config;
  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: 'idle',
    // Enough for the largest upload over a slow line. A slower request is cut, so that it does not hold a connection.
    requestTimeout: 120_000,
    trustProxy: TRUST_PROXY.length > 0 ? TRUST_PROXY : false,
    // Parameters of a path are short. Fastify refuses longer ones.
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: true },
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const { status, code, message, headers } = presentHttpError(error);
    if (status >= 500 && !isForLater(error) && !ctx.outages.note(error))
      ctx.log.error({ err: toError(error) }, 'a request failed');
    // The connection stays open, so that a client that still sends its body gets this response, which says when to
    // retry.
    if (isForLater(error)) reply.removeHeader('connection');
    // A client of the GraphQL endpoint gets the media type that it asks for, whatever went wrong.
    if (request.routeOptions.url === '/graphql')
      reply.type(answerType(request.headers.accept) ?? 'application/json; charset=utf-8');
    return reply
      .code(status)
      .headers(headers ?? {})
      .send({ errors: [{ message, extensions: { code } }] });
  });
  await registerCors(app, CORS_ORIGINS);
  let isClosing = false;
  app.addHook('onSend', (_, reply, payload, done) => {
    // Otherwise a client keeps the connection of its last answer open, and the stop waits for it.
    if (isClosing) reply.header('connection', 'close');
    reply.raw.setTimeout(stalledMs, () => reply.raw.destroy());
    done(null, payload);
  });
  registerCompression(app);
  const arrivals = createArrivals(app, ctx);
  registerJsonBody(app, arrivals, MAX_BODY_BYTES);
  registerHealthRoute(app, ctx);
  registerImageRoute(app, ctx, arrivals);
  registerOutputRoute(app, ctx);
  registerExportRoute(app, ctx);
  registerPersonRoute(app, ctx);
  registerExplorer(app);
  registerSchemaRoute(app, ctx, arrivals, graphql.schema);
  await registerGraphqlHttp(app, ctx, arrivals, graphql);
  const closeWebsocket = serveGraphqlWebsocket(app.server, ctx, graphql);
  return {
    app,
    async close() {
      isClosing = true;
      await closeWebsocket();
      const limit = setTimeout(() => app.server.closeAllConnections(), ctx.config.SHUTDOWN_GRACE_MS);
      await app.close().finally(() => clearTimeout(limit));
    },
  };
}
