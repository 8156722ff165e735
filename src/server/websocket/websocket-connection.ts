import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, MessageType, parseMessage, type Server } from 'graphql-ws';
import { WebSocket } from 'ws';
import { toError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { type Excess, excessOf, type Inflow, limitInflow } from './inflow.ts';

/** What the protocol's hooks know of a connection. */
export interface Connection {
  readonly socket: WebSocket;
  /** What the socket writes its frames to. */
  readonly stream: Duplex;
  readonly request: IncomingMessage;
  /** Lets in what this one may send, from now on. */
  admit(inflow: Inflow): void;
  /** Sends a whole frame; resolves when it is on its way, or there is nobody to send to. */
  send(frame: Buffer): Promise<void>;
}

/** Of RFC 6455's registry: "try again later". Clients of graphql-ws do. */
export const tryAgainLater = 1013;
const policyViolation = 1008;
const messageTooBig = 1009;
/** Clients of graphql-ws come back after "try again later", and after none of the others. */
const closeCodes: Readonly<Record<Excess, number>> = {
  MESSAGE_TOO_LARGE: messageTooBig,
  TOO_MANY_FRAMES: policyViolation,
  RATE_LIMITED: tryAgainLater,
  SERVICE_UNAVAILABLE: tryAgainLater,
};
/** What only a server says. */
const serverMessages: readonly MessageType[] = [
  MessageType.ConnectionAck,
  MessageType.Next,
  MessageType.Error,
];
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

/**
 * Speaks graphql-transport-ws on a socket. The library's own adapter writes what clients do wrong to the console,
 * stack and all; here it is a line of the log, and not a loud one, since any stranger can cause it.
 */
export function openConnection(
  server: Server<Connection & Record<string, never>>,
  { socket, stream, request, inflow }: Pick<Connection, 'socket' | 'stream' | 'request'> & { inflow: Inflow },
  log: Logger,
) {
  let current = inflow;
  socket.on('error', (error) => log.debug({ err: error }, 'a socket failed'));
  let isAlive = true;
  const keepAlive = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, keepAliveMs);
  // An answer may wait behind much else that the client has sent.
  for (const sign of ['pong', 'ping', 'message'] as const) {
    socket.on(sign, () => {
      isAlive = true;
    });
  }
  // Where much is unread already nothing is added to it.
  socket.on('ping', (data) => {
    if (!isSlow(connection)) socket.pong(data);
  });

  /** Once, since the socket is not open any more then. It may never read the reason, so it does not get long. */
  function giveUp(code: number, reason: string, words: string): void {
    if (socket.readyState !== socket.OPEN) return;
    log.info({ bufferedBytes: stream.writableLength, reason }, words);
    socket.close(code, reason);
    setTimeout(() => socket.terminate(), goodbyeMs).unref();
    end(code, reason);
  }
  const giveUpReader = () => giveUp(tryAgainLater, 'SLOW_READER', 'a slow reader was given up');

  function giveUpSender(excess: Excess): void {
    const code = closeCodes[excess];
    socket.pause();
    giveUp(code, excess, 'a socket that sends too much was given up');
  }
  limitInflow({ socket, stream }, () => current, giveUpSender);

  /** Resolves when what `write` writes is on its way, or there is nobody to write to. */
  const written = (write: (done: () => void) => void) =>
    new Promise<void>((resolve) => {
      if (stream.writableLength > maxBufferedBytes) giveUpReader();
      if (socket.readyState !== socket.OPEN) return resolve();
      const stalled = setTimeout(() => {
        giveUpReader();
        resolve();
      }, stalledAfterMs).unref();
      // Also told of a connection that is broken: the client has gone, and the socket will say so.
      write(() => {
        clearTimeout(stalled);
        resolve();
      });
    });

  const connection: Connection = {
    socket,
    stream,
    request,
    admit(inflow) {
      current = inflow;
    },
    send: (frame) => written((done) => stream.write(frame, done)),
  };
  const sendText = (text: string) => written((done) => socket.send(text, done));

  const closed = server.opened(
    {
      protocol: socket.protocol,
      send: sendText,
      // Without what it came with: nobody gets to choose how much we send them.
      onPing: () => sendText(JSON.stringify({ type: MessageType.Pong })),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (take) =>
        socket.on('message', (message) => {
          // Nothing is done for a socket that is being closed.
          if (socket.readyState === socket.OPEN) void onText(String(message), take);
        }),
    },
    connection as Connection & Record<string, never>,
  );
  /** Counts a message until it is answered, that of a subscription until its end. */
  async function onText(text: string, take: (text: string) => Promise<void>): Promise<void> {
    const hold = current.hold();
    try {
      hold.add(text.length);
    } catch (error) {
      return giveUpSender(excessOf(error));
    }
    try {
      await take(text);
    } catch (error) {
      // A socket that broke while it was written to is no fault of ours.
      if (socket.readyState !== socket.OPEN) return;
      if (serverMessages.includes(parseMessage(text).type)) {
        return socket.close(CloseCode.BadRequest, 'Invalid message received');
      }
      log.error({ err: toError(error) }, 'a socket message failed');
      socket.close(CloseCode.InternalServerError, 'Internal server error');
    } finally {
      hold.release();
    }
  }
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

/**
 * Sends a whole frame without waiting, to one that is not slow. It goes past the library, in one write and in its place
 * all the same: the library writes its own frames at once, since it neither compresses nor sends in fragments here, and
 * once it has said goodbye the socket is not open.
 */
export function push({ socket, stream }: Connection, frame: Buffer): void {
  if (socket.readyState === WebSocket.OPEN) stream.write(frame);
}

/** Whether so much waits to be read that one should rather wait. */
export function isSlow({ stream }: Connection): boolean {
  return stream.writableLength > slowFromBytes;
}
