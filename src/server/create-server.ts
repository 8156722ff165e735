import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { InputProblem, NotFound, toError, Unauthenticated } from '../errors.ts';
import { isTransient } from '../platform/db/transient.ts';
import { registerExplorer } from './explorer/explorer-route.ts';
import { registerGraphqlHttp } from './graphql-http.ts';
import { serveGraphqlWebsocket } from './graphql-websocket.ts';
import { registerHealthRoute } from './health-route.ts';
import { registerImageRoute } from './image-route.ts';
import { createSchema } from './schema.ts';
import type { ServerContext } from './server-context.ts';

export interface Server {
  readonly app: FastifyInstance;
  /** Answers what is in flight, closes sockets with 1001, then stops listening. */
  close(): Promise<void>;
}

/** Assembles the door: GraphQL over HTTP and WebSocket, pictures, health and, for browsers, the explorer. */
export async function createServer(ctx: ServerContext): Promise<Server> {
  const app = Fastify({
    bodyLimit: ctx.config.MAX_BODY_BYTES,
    forceCloseConnections: 'idle',
    // A query string is cut into parameters by the routes; nobody needs long ones.
    routerOptions: { maxParamLength: 200 },
  });
  app.setErrorHandler((error: FastifyError, _, reply) => {
    const { status, code, message } = presentHttpError(error);
    if (status >= 500) ctx.log.error({ err: toError(error) }, 'a request failed');
    return reply.code(status).send({ errors: [{ message, extensions: { code } }] });
  });
  registerHealthRoute(app, ctx);
  registerImageRoute(app, ctx);
  registerExplorer(app);
  const schema = await createSchema();
  await registerGraphqlHttp(app, ctx, schema);
  const closeWebsocket = serveGraphqlWebsocket(app.server, ctx, schema);
  return {
    app,
    async close() {
      await closeWebsocket();
      await app.close();
    },
  };
}

/** What a failed request outside GraphQL's own error handling tells; the same shape as GraphQL's errors. */
function presentHttpError(error: FastifyError): { status: number; code: string; message: string } {
  if (error instanceof Unauthenticated)
    return { status: 401, code: 'UNAUTHENTICATED', message: error.message };
  if (error instanceof NotFound) return { status: 404, code: 'NOT_FOUND', message: error.message };
  if (error instanceof InputProblem) return { status: 400, code: error.code, message: error.message };
  if (isTransient(error)) {
    return {
      status: 503,
      code: 'SERVICE_UNAVAILABLE',
      message: 'The database does not answer at the moment. Try again.',
    };
  }
  const status = error.statusCode ?? 500;
  if (status === 413)
    return { status, code: 'BODY_TOO_LARGE', message: 'The body is larger than this server takes.' };
  if (status < 500) return { status, code: 'BAD_REQUEST', message: error.message };
  return { status: 500, code: 'INTERNAL_SERVER_ERROR', message: 'Unexpected error.' };
}
