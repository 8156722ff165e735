import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import proxyAddress from '@fastify/proxy-addr';
import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  execute as executeByResolvers,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLFormattedError,
} from 'graphql';
import { handleProtocols, makeServer, type SubscribePayload } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import { z } from 'zod';
import { BadArgument, RateLimited, toError, Unauthenticated } from '../../errors.ts';
import type { Context } from '../../platform/context.ts';
import { Followed } from '../../platform/events/followed.ts';
import { readDocumentName } from '../../platform/graphql/documents/persisted-documents.ts';
import type { Cost } from '../../platform/limits/cost-meter.ts';
import { Loaders } from '../../platform/reads/loaders.ts';
import { mayIntrospect } from '../introspection.ts';
import type { Graphql } from '../open-graphql.ts';
import { presentError } from '../present-error.ts';
import { rateLimitOf } from '../rate-limit.ts';
import type { ServerContext } from '../server-context.ts';
import { createInflows } from './inflow.ts';
import { createLiveSockets, type LiveSocket } from './live-sockets.ts';
import { isOriginAllowed } from './origin.ts';
import { createSharedStreams } from './shared-streams.ts';
import { type Started, Subscriber } from './subscriber.ts';
import { createSubscriptionExecutor } from './subscription-executor.ts';
import { type Connection, openConnection, tryAgainLater } from './websocket-connection.ts';

/** How long a client may take to answer the close frame when the server stops. */
const closeGraceMs = 2_000;
/** The largest message. Operations of this API are far smaller. */
const maxPayloadBytes = 64 * 1024;
/** The most fragments of a message, and the most buffered chunks. Clients are far below this. */
const maxPieces = 1_024;
const variablesSchema = z.record(z.string(), z.unknown()).nullish();

/** Close codes of RFC 6455 and its registry, and "forbidden" of graphql-transport-ws. */
const closeCodes = { goingAway: 1001, tryAgainLater, forbidden: 4403 };

/** An operation that was charged, and its socket. */
interface Admitted extends Started {
  readonly socket: LiveSocket;
  readonly cost: Cost;
  readonly context: Context;
}

/** Serves GraphQL over WebSocket (subprotocol graphql-transport-ws) at /graphql. Returns the function that ends it. */
export function serveGraphqlWebsocket(
  server: Server,
  ctx: ServerContext,
  { schema, prepare, planner }: Graphql,
): () => Promise<void> {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxPayloadBytes,
    maxFragments: maxPieces,
    maxBufferedChunks: maxPieces,
    autoPong: false,
    perMessageDeflate: false,
    handleProtocols,
  });
  const live = createLiveSockets(ctx);
  const inflows = createInflows(ctx);
  const connected = new WeakMap<Connection, LiveSocket>();
  const admitted = new WeakMap<ExecutionArgs, Admitted>();
  const trusted = proxyAddress.compile(ctx.config.TRUST_PROXY);
  const addressOf = (request: IncomingMessage) => proxyAddress(request, trusted);

  const onUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    // Node has removed its own error listener. Without one, a client that resets its connection would end the process.
    const onError = () => void stream.destroy();
    stream.on('error', onError);
    const path = URL.parse(request.url ?? '/', 'http://host')?.pathname;
    if (path !== '/graphql' && path !== '/graphql/') return refuse(stream, '404 Not Found');
    if (!isOriginAllowed(ctx, request.headers)) return refuse(stream, '403 Forbidden');
    const address = addressOf(request);
    sockets.handleUpgrade(request, stream, head, (socket) => {
      // The socket has a listener of its own now. This one would keep the request in memory.
      stream.off('error', onError);
      openConnection(protocol, { socket, stream, address, inflow: inflows.ofStranger(address) }, ctx.log);
    });
  };
  server.on('upgrade', onUpgrade);

  /** An error without a position in the document wraps an error that was thrown outside an execution. */
  const present = (error: GraphQLError): GraphQLFormattedError =>
    presentError(ctx, error.toJSON(), error.nodes ? error : (error.originalError ?? error));

  const presentResult = ({ errors, ...result }: ExecutionResult): FormattedExecutionResult => ({
    ...(errors ? { errors: errors.map(toGraphQLError).map(present) } : {}),
    ...result,
  });
  const streams = createSharedStreams({
    events: ctx.events,
    executor: createSubscriptionExecutor(ctx, presentResult),
  });

  /** Makes the same checks for each operation as HTTP makes for each request. Throws the error of a failed check. */
  async function admitOperation(
    { extra, connectionParams }: { extra: Connection; connectionParams?: { authorization?: unknown } },
    id: string,
    payload: SubscribePayload,
  ): Promise<ExecutionArgs | readonly GraphQLError[]> {
    const socket = connected.get(extra);
    if (!socket) throw new Unauthenticated();
    // Checked before the first `await`, because ten thousand messages may have arrived at once.
    if (live.isBusy(socket.viewer)) throw new RateLimited('You have too many operations under way.', 1_000);
    const viewer = await ctx.authenticate(connectionParams?.authorization, extra.address);
    const { operationName = null } = payload;
    const { data: variables, success } = variablesSchema.safeParse(payload.variables);
    if (!success) throw new BadArgument('variables must be an object.');
    const rateLimit = rateLimitOf(ctx, viewer);
    await rateLimit.chargeFirst();
    const prepared = prepare(
      { ...readDocumentName(payload), operationName, variables: variables ?? {} },
      { mayIntrospect: mayIntrospect(ctx, viewer) },
    );
    const cost = await rateLimit.chargeRest(prepared.cost);
    if (prepared.errors) return prepared.errors;
    const contextValue: Context = { ...ctx, viewer, loaders: new Loaders() };
    const args: ExecutionArgs = {
      schema,
      document: prepared.document,
      operationName,
      variableValues: variables,
      contextValue,
    };
    admitted.set(args, {
      connection: extra,
      id,
      args,
      viewer,
      rateLimit,
      points: prepared.cost,
      cost,
      socket,
      context: contextValue,
    });
    return args;
  }

  /**
   * A query that can be compiled is answered by its plan, as over HTTP. All other operations, and a plan that gave up,
   * are executed by the resolvers. When the database does not answer, the result is what HTTP sends: an error without
   * data.
   */
  async function execute(args: ExecutionArgs): Promise<ExecutionResult> {
    const { document, operationName = null, variableValues } = args;
    const context = admitted.get(args)?.context;
    if (!planner || !context) return executeByResolvers(args);
    try {
      const asked = { operationName, variables: variableValues ?? {} };
      const data = await planner.answer(document, asked, context);
      return data === null ? executeByResolvers(args) : { data };
    } catch (error) {
      return { errors: [new GraphQLError(toError(error).message, { originalError: toError(error) })] };
    }
  }

  /** The events of a subscription are sent by the shared streams. The library sends the result of a failed start. */
  async function subscribe(args: ExecutionArgs) {
    const source = await createSourceEventStream(args);
    if (!(Symbol.asyncIterator in source)) return source;
    const started = admitted.get(args);
    if (!started || !(source instanceof Followed))
      throw new Error('This subscription has no source to follow.');
    const unfollow = started.socket.follow(source.projectId);
    return streams.follow((ended) => new Subscriber(started, source, ended), unfollow);
  }

  const protocol = makeServer<{ authorization?: unknown }, Connection & Record<string, never>>({
    schema,
    execute,
    subscribe,
    onConnect: async (connection) => {
      const { connectionParams, extra } = connection;
      const { socket, address } = extra;
      try {
        const viewer = await ctx.authenticate(connectionParams?.authorization, address);
        // A socket that has closed meanwhile is not counted, because its close event would never remove it again.
        if (socket.readyState !== socket.OPEN) return false;
        const entered = live.admit({
          viewer,
          operations: () => Object.keys(connection.subscriptions).length,
          close: (reason) => socket.close(closeCodes.forbidden, reason),
        });
        if (entered) {
          connected.set(extra, entered);
          extra.admit(inflows.ofViewer(viewer));
          // Not the protocol's onClose, which waits for the operations under way to end.
          socket.once('close', () => live.leave(entered));
        } else socket.close(closeCodes.tryAgainLater, 'TOO_MANY_SOCKETS');
        return true;
      } catch (error) {
        // Closed with 4403 by graphql-ws.
        if (error instanceof Unauthenticated) return false;
        const { extensions } = presentError(ctx, { message: '' }, error);
        socket.close(closeCodes.tryAgainLater, String(extensions?.code));
        return true;
      }
    },
    onSubscribe: async (connection, id, payload) => {
      try {
        return await admitOperation(connection, id, payload);
      } catch (error) {
        const socket = connected.get(connection.extra);
        const isToken = socket?.viewer.kind === 'USER';
        if (error instanceof Unauthenticated) socket?.close(isToken ? 'TOKEN_EXPIRED' : 'KEY_ENDED');
        return [new GraphQLError(toError(error).message, { originalError: toError(error) })];
      }
    },
    onError: (_, __, ___, errors) => errors.map(present),
    onNext: (_, __, ___, args, result) => ({
      ...presentResult(result),
      extensions: { ...result.extensions, cost: admitted.get(args)?.cost },
    }),
  });
  return async () => {
    live.stop();
    server.off('upgrade', onUpgrade);
    for (const client of sockets.clients) client.close(closeCodes.goingAway, 'Going away');
    const closed = new Promise((resolve) => sockets.close(resolve));
    await Promise.race([closed, sleep(closeGraceMs, undefined, { ref: false })]);
    for (const client of sockets.clients) client.terminate();
    await closed;
  };
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
}

function toGraphQLError(error: GraphQLError | GraphQLFormattedError): GraphQLError {
  return error instanceof GraphQLError ? error : new GraphQLError(error.message, error);
}
