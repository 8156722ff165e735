import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError, type GraphQLFormattedError, type GraphQLSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { Unauthenticated } from '../errors.ts';
import type { Context } from '../platform/context.ts';
import { Loaders } from '../platform/graphql/loaders.ts';
import { presentError } from './present-error.ts';
import type { ServerContext } from './server-context.ts';

/** No operation of ours is near this. */
const maxPayloadBytes = 64 * 1024;

/** Serves GraphQL over WebSocket (subprotocol graphql-transport-ws) at /graphql. Returns what ends it. */
export function serveGraphqlWebsocket(
  server: Server,
  ctx: ServerContext,
  schema: GraphQLSchema,
): () => Promise<void> {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxPayloadBytes,
    perMessageDeflate: false,
  });
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (new URL(request.url ?? '/', 'http://host').pathname !== '/graphql') {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) =>
      sockets.emit('connection', webSocket, request),
    );
  };
  server.on('upgrade', onUpgrade);

  const present = (error: GraphQLError): GraphQLFormattedError =>
    presentError(ctx.log, error.toJSON(), error);
  const { dispose } = useServer<{ authorization?: unknown }, Record<string, never>>(
    {
      schema,
      onConnect: async ({ connectionParams }) => {
        try {
          await ctx.authenticate(connectionParams?.authorization);
          return true;
        } catch (error) {
          // Closed with 4403 by graphql-ws.
          if (error instanceof Unauthenticated) return false;
          throw error;
        }
      },
      context: async ({ connectionParams }): Promise<Context> => {
        // Loaders cache: a long subscription takes fresh ones for each event.
        const viewer = await ctx.authenticate(connectionParams?.authorization);
        const loaders = freshLoaders();
        return {
          ...ctx,
          viewer,
          get loaders() {
            return loaders();
          },
        };
      },
      onError: (_, __, ___, errors) => errors.map(present),
      onNext: (_, __, ___, ____, result) => ({
        ...result,
        ...(result.errors ? { errors: result.errors.map(toGraphQLError).map(present) } : {}),
      }),
    },
    sockets,
    10_000,
  );
  return async () => {
    server.off('upgrade', onUpgrade);
    // Sends each client close code 1001, "going away".
    await dispose();
    for (const client of sockets.clients) client.terminate();
  };
}

function toGraphQLError(error: GraphQLError | GraphQLFormattedError): GraphQLError {
  return error instanceof GraphQLError ? error : new GraphQLError(error.message, error);
}

/** Loaders that live for one turn of the event loop, which is how long one event's execution batches. */
function freshLoaders(): () => Loaders {
  let loaders: Loaders | undefined;
  return () => {
    if (!loaders) {
      loaders = new Loaders();
      setImmediate(() => {
        loaders = undefined;
      });
    }
    return loaders;
  };
}
