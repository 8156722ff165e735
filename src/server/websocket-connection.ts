import type { IncomingMessage } from 'node:http';
import { CloseCode, MessageType, type Server } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { toError } from '../errors.ts';
import type { Logger } from '../logger.ts';

/** What the protocol's hooks know of a connection. */
export interface Connection {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
}

/** What waits to be sent to a client who does not read, before we give them up. */
const maxBufferedBytes = 1_048_576;
/** A client that answers no ping within this time is gone. */
const keepAliveMs = 10_000;

/**
 * Speaks graphql-transport-ws on a socket. The library's own adapter writes what clients do wrong to the console,
 * stack and all; here it is a line of the log, and not a loud one, since any stranger can cause it.
 */
export function openConnection(
  server: Server<Connection & Record<string, never>>,
  connection: Connection,
  log: Logger,
) {
  const { socket, request } = connection;
  socket.on('error', (error) => log.debug({ err: error }, 'a socket failed'));
  let isAlive = true;
  const keepAlive = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, keepAliveMs);
  socket.on('pong', () => {
    isAlive = true;
  });

  function send(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (socket.readyState !== socket.OPEN) return resolve();
      if (socket.bufferedAmount > maxBufferedBytes) {
        socket.terminate();
        return resolve();
      }
      socket.send(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  const closed = server.opened(
    {
      protocol: socket.protocol,
      send,
      // Without what it came with: nobody gets to choose how much we send them.
      onPing: () => send(JSON.stringify({ type: MessageType.Pong })),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (take) =>
        socket.on('message', (message) => {
          take(String(message)).catch((error: unknown) => {
            // A socket that broke while it was written to is no fault of ours.
            if (socket.readyState !== socket.OPEN) return;
            log.error({ err: toError(error) }, 'a socket message failed');
            socket.close(CloseCode.InternalServerError, 'Internal server error');
          });
        }),
    },
    { socket, request } as Connection & Record<string, never>,
  );
  socket.once('close', (code, reason) => {
    clearInterval(keepAlive);
    closed(code, String(reason)).catch((error: unknown) =>
      log.warn({ err: toError(error) }, 'a socket ended badly'),
    );
  });
}
