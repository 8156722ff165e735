import cors from '@fastify/cors';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { isForLater, toError } from '../errors.ts';
import { registerExplorer } from './explorer/explorer-route.ts';
import { registerExportRoute } from './files/export-route.ts';
import { registerImageRoute } from './files/image-route.ts';
import { registerOutputRoute } from './files/output-route.ts';
import { registerPersonRoute } from './files/person-route.ts';
import { registerHealthRoute } from './health-route.ts';
import { createArrivals } from './http/arrivals.ts';
import { registerCompression } from './http/compression.ts';
import { registerGraphqlHttp } from './http/graphql-http.ts';
import { presentHttpError } from './http/http-error.ts';
import { registerJsonBody } from './http/json-body.ts';
import type { Graphql } from './open-graphql.ts';
import type { ServerContext } from './server-context.ts';
import { serveGraphqlWebsocket } from './websocket/graphql-websocket.ts';

export interface Server {
  readonly app: FastifyInstance;
  /**
   * Closes sockets with 1001, stops listening and answers what is in flight. Connections on which that takes longer than
   * SHUTDOWN_GRACE_MS are cut: a client that does not read its answer would hold up the stop for as long as it likes.
   */
  close(): Promise<void>;
}

/** A client that takes nothing of its answer for so long does not come back for the rest. Till then it is held here. */
const stalledMs = 60_000;

/** Assembles the door: GraphQL over HTTP and WebSocket, pictures, health and, for browsers, the explorer. */
export async function createServer(ctx: ServerContext, graphql: Graphql): Promise<Server> {
  const { MAX_BODY_BYTES, TRUST_PROXY, CORS_ORIGINS } = ctx.config;
  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: 'idle',
    // The largest upload over a slow line; whoever takes longer holds a connection for nothing.
    requestTimeout: 120_000,
    trustProxy: TRUST_PROXY.length > 0 ? TRUST_PROXY : false,
    // A query string is cut into parameters by the routes; nobody needs long ones.
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: true },
  });
  app.setErrorHandler((error: FastifyError, _, reply) => {
    const { status, code, message, headers } = presentHttpError(error);
    if (status >= 500 && !isForLater(error) && !ctx.outages.note(error))
      ctx.log.error({ err: toError(error) }, 'a request failed');
    // A client that still sends its body would lose the answer with the connection, and with it when to come again.
    if (isForLater(error)) reply.removeHeader('connection');
    return reply
      .code(status)
      .headers(headers ?? {})
      .send({ errors: [{ message, extensions: { code } }] });
  });
  // Keys come in a header, never in a cookie, so other sites gain nothing that they do not have.
  if (CORS_ORIGINS.length > 0) {
    await app.register(cors, {
      origin: CORS_ORIGINS.includes('*') ? '*' : [...CORS_ORIGINS],
      methods: ['GET', 'POST'],
      maxAge: 600,
    });
  }
  app.addHook('onSend', (_, reply, payload, done) => {
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
  await registerGraphqlHttp(app, ctx, arrivals, graphql);
  const closeWebsocket = serveGraphqlWebsocket(app.server, ctx, graphql);
  return {
    app,
    async close() {
      await closeWebsocket();
      const limit = setTimeout(() => app.server.closeAllConnections(), ctx.config.SHUTDOWN_GRACE_MS);
      await app.close().finally(() => clearTimeout(limit));
    },
  };
}
