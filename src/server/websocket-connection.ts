import type { IncomingMessage } from 'node:http';
import { CloseCode, MessageType, type Server } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { toError } from '../errors.ts';
import type { Logger } from '../logger.ts';

/** What the protocol's hooks know of a connection. */
export interface Connection {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  /** Sends without waiting, to one that is not slow. */
  push(text: Buffer): void;
  /** Sends; resolves when it is on its way, or there is nobody to send to. */
  send(text: string | Buffer): Promise<void>;
  /** Whether so much waits to be read that one should rather wait. */
  isSlow(): boolean;
}

/** Of RFC 6455's registry: "try again later". Clients of graphql-ws do. */
export const tryAgainLater = 1013;
/** With more than this unread, a reader is waited for. */
const slowFromBytes = 64 * 1024;
/** With more than this unread, a reader is given up: it may send faster than it reads what it gets for it. */
const maxBufferedBytes = 1_048_576;
/** A reader that takes nothing of what waits for it within this time is given up; shorter than two pings. */
const stalledAfterMs = 8_000;
/** Whoever is given up may still read why. */
const goodbyeMs = 2_000;
/** A client that answers no ping within this time is gone. */
const keepAliveMs = 10_000;

/** Bytes that are text. */
const textFrame = { binary: false };

/**
 * Speaks graphql-transport-ws on a socket. The library's own adapter writes what clients do wrong to the console,
 * stack and all; here it is a line of the log, and not a loud one, since any stranger can cause it.
 */
export function openConnection(
  server: Server<Connection & Record<string, never>>,
  { socket, request }: Pick<Connection, 'socket' | 'request'>,
  log: Logger,
) {
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

  /** Once, since the socket is not open any more then. It may never read the reason, so it does not get long. */
  function giveUp(): void {
    if (socket.readyState !== socket.OPEN) return;
    log.info({ bufferedBytes: socket.bufferedAmount }, 'a slow reader was given up');
    socket.close(tryAgainLater, 'SLOW_READER');
    setTimeout(() => socket.terminate(), goodbyeMs).unref();
    end(tryAgainLater, 'SLOW_READER');
  }

  const connection: Connection = {
    socket,
    request,
    push(text) {
      if (socket.readyState === socket.OPEN) socket.send(text, textFrame);
    },
    send: (text) =>
      new Promise((resolve, reject) => {
        if (socket.bufferedAmount > maxBufferedBytes) giveUp();
        if (socket.readyState !== socket.OPEN) return resolve();
        const stalled = setTimeout(() => {
          giveUp();
          resolve();
        }, stalledAfterMs).unref();
        socket.send(text, textFrame, (error) => {
          clearTimeout(stalled);
          if (error) reject(error);
          else resolve();
        });
      }),
    isSlow: () => socket.bufferedAmount > slowFromBytes,
  };

  const closed = server.opened(
    {
      protocol: socket.protocol,
      send: connection.send,
      // Without what it came with: nobody gets to choose how much we send them.
      onPing: () => connection.send(JSON.stringify({ type: MessageType.Pong })),
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
    connection as Connection & Record<string, never>,
  );
  let isEnded = false;
  /** Ends what is under way on it. */
  function end(code: number, reason: string): void {
    if (isEnded) return;
    isEnded = true;
    clearInterval(keepAlive);
    closed(code, reason).catch((error: unknown) => log.warn({ err: toError(error) }, 'a socket ended badly'));
  }
  socket.once('close', (code, reason) => end(code, String(reason)));
}
