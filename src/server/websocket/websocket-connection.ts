import type { Duplex } from 'node:stream';
import { CloseCode, MessageType, parseMessage, type Server } from 'graphql-ws';
import { WebSocket } from 'ws';
import { toError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { type Excess, excessOf, type Inflow, limitInflow } from './inflow.ts';

/** A connection, as the protocol's hooks get it. */
export interface Connection {
  readonly socket: WebSocket;
  /** The stream that the socket writes its frames to. */
  readonly stream: Duplex;
  /** The client's address. The request is not kept, because its headers take more memory than a subscription. */
  readonly address: string;
  /** Replaces the limits of what the client may send. */
  admit(inflow: Inflow): void;
  /** Sends a whole frame. Resolves when it is written to the network, or the socket is closed. */
  send(frame: Buffer): Promise<void>;
}

/** The close code "try again later" of RFC 6455's registry. Clients of graphql-ws then connect again. */
export const tryAgainLater = 1013;
const policyViolation = 1008;
const messageTooBig = 1009;
/** Clients of graphql-ws connect again after "try again later", and after none of the other codes. */
const closeCodes: Readonly<Record<Excess, number>> = {
  MESSAGE_TOO_LARGE: messageTooBig,
  TOO_MANY_FRAMES: policyViolation,
  RATE_LIMITED: tryAgainLater,
  SERVICE_UNAVAILABLE: tryAgainLater,
};
/** Messages that only a server may send. */
const serverMessages: readonly MessageType[] = [
  MessageType.ConnectionAck,
  MessageType.Next,
  MessageType.Error,
];
/** A client with more than this unread counts as slow. */
const slowFromBytes = 64 * 1024;
/** A client with more than this unread is disconnected: it may send requests faster than it reads the responses. */
const maxBufferedBytes = 1_048_576;
/** A client that reads nothing within this time is disconnected. The time is shorter than two ping intervals. */
const stalledAfterMs = 8_000;
/** How long a client that is disconnected has to read the reason. */
const goodbyeMs = 2_000;
/** The interval of pings. A client that has sent nothing since the last ping is disconnected. */
const keepAliveMs = 10_000;

/**
 * Serves graphql-transport-ws on a socket. The library's own adapter is not used, because it writes the errors of
 * clients with their stacks to the console. Here they are log lines of a low level, because any client can cause
 * them.
 */
export function openConnection(
  server: Server<Connection & Record<string, never>>,
  { socket, stream, address, inflow }: Pick<Connection, 'socket' | 'stream' | 'address'> & { inflow: Inflow },
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
  // Any message shows that the client is alive, because its pong may come after much other data that it has sent.
  const onSign = () => {
    isAlive = true;
  };
  for (const sign of ['pong', 'ping', 'message'] as const) socket.on(sign, onSign);
  // A slow client gets no pong, so that its unread bytes do not grow.
  socket.on('ping', (data) => {
    if (!isSlow(connection)) socket.pong(data);
  });

  /** Disconnects the client, at most once. The client may never read the reason, so the socket is soon terminated. */
  function giveUp(code: number, reason: string, words: string): void {
    if (socket.readyState !== socket.OPEN) return;
    log.info({ bufferedBytes: stream.writableLength, reason }, words);
    socket.close(code, reason);
    setTimeout(() => socket.terminate(), goodbyeMs).unref();
    end(code, reason);
  }
  const giveUpReader = () => giveUp(tryAgainLater, 'SLOW_READER', 'a slow reader was disconnected');

  function giveUpSender(excess: Excess): void {
    const code = closeCodes[excess];
    socket.pause();
    giveUp(code, excess, 'a client that sends too much was disconnected');
  }
  limitInflow({ socket, stream }, () => current, giveUpSender);

  /** Resolves when the data of `write` is written to the network, or the socket is closed. */
  const written = (write: (done: () => void) => void) =>
    new Promise<void>((resolve) => {
      if (stream.writableLength > maxBufferedBytes) giveUpReader();
      if (socket.readyState !== socket.OPEN) return resolve();
      const stalled = setTimeout(() => {
        giveUpReader();
        resolve();
      }, stalledAfterMs).unref();
      // `done` is also called when the connection is broken. The socket then emits its close event.
      write(() => {
        clearTimeout(stalled);
        resolve();
      });
    });

  const connection: Connection = {
    socket,
    stream,
    address,
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
      // The pong has no payload, so that a client cannot choose how much it is sent.
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
  /** Counts the bytes of a message until it is answered, or until its subscription ends. */
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
      // A socket that closed during the write is no fault of ours.
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
  /** Ends the operations under way on the socket. */
  function end(code: number, reason: string): void {
    if (isEnded) return;
    isEnded = true;
    clearInterval(keepAlive);
    closed(code, reason).catch((error: unknown) =>
      log.warn({ err: toError(error) }, 'ending a socket failed'),
    );
  }
  socket.once('close', (code, reason) => end(code, String(reason)));
}

/**
 * Sends a whole frame without waiting, to a client that is not slow. It is written to the stream directly, in one
 * write. The order of frames is kept: the library writes its own frames at once, because it does not compress or
 * fragment here. After the library has sent a close frame, the socket is not open.
 */
export function push({ socket, stream }: Connection, frame: Buffer): void {
  if (socket.readyState === WebSocket.OPEN) stream.write(frame);
}

/** Whether the client has so much unread that the sender should wait. */
export function isSlow({ stream }: Connection): boolean {
  return stream.writableLength > slowFromBytes;
}
