import type { Duplex } from 'node:stream';
import { LRUCache } from 'lru-cache';
import type { WebSocket } from 'ws';
import { isForLater, RateLimited } from '../../errors.ts';
import { limitKey, type Viewer, viewerName } from '../../platform/auth/viewer.ts';
import type { Hold } from '../../platform/limits/byte-share.ts';
import type { ServerContext } from '../server-context.ts';
import { FrameRate } from './frame-rate.ts';
import { FrameScan } from './frame-scan.ts';

/*
 * `ws` processes all frames of a chunk in one turn of the event loop. So ten thousand pings would delay all other
 * clients. A scan of the frame headers between the stream and the library passes on a limited number of frames a
 * second. Above the limit the socket is not read. Reading later is better than closing: a client that makes many
 * subscriptions at once loses nothing, and a client that floods cannot flood again over a new connection. After
 * twenty seconds above the limit the socket is closed. One socket may use half of its viewer's limit, so the viewer's
 * other sockets are still read.
 */

/** The limit before authentication, when a client only sends its token and answers pings. */
const strangerFramesPerSecond = 20;
const strangerMessageBytes = 16 * 1_024;
/** The share of the viewer's limit that one socket may use, so that it does not block the viewer's other sockets. */
const shareOfSocket = 1 / 2;
/** The pause in reading from a socket that has sent too many frames. It is repeated while there are too many. */
const pauseMs = 50;
/** A socket that is above the limit for this long is closed, because its client does not do it by chance. */
const behindForMs = 20_000;

/** The limits of what a client may send over a socket. */
export interface Inflow {
  readonly rate: FrameRate;
  /** The rate of all sockets of the viewer; null before authentication. */
  readonly shared: FrameRate | null;
  readonly maxMessageBytes: number;
  /** Opens a count of bytes for the sender. */
  hold(): Hold;
}

/** Gives the limits: by address before authentication, then by viewer, shared by all their sockets. */
export interface Inflows {
  ofStranger(address: string): Inflow;
  ofViewer(viewer: Viewer): Inflow;
}

/** Makes the limits of a process. */
export function createInflows({ bytes, config }: Pick<ServerContext, 'bytes' | 'config'>): Inflows {
  const rates = new LRUCache<string, FrameRate>({ max: 10_000 });
  const perSecond = config.WS_FRAMES_PER_SECOND;
  return {
    ofStranger: (address) => ({
      rate: new FrameRate(strangerFramesPerSecond),
      shared: null,
      maxMessageBytes: strangerMessageBytes,
      hold: () => bytes.holdOfStranger(address),
    }),
    ofViewer(viewer) {
      const name = viewerName(viewer);
      const shared = rates.get(name) ?? new FrameRate(perSecond);
      rates.set(name, shared);
      return {
        rate: new FrameRate(perSecond * shareOfSocket),
        shared,
        maxMessageBytes: Number.POSITIVE_INFINITY,
        hold: () => bytes.hold(limitKey(viewer)),
      };
    },
  };
}

/** The close reasons for a client that sends too much. */
export type Excess = 'MESSAGE_TOO_LARGE' | 'TOO_MANY_FRAMES' | 'RATE_LIMITED' | 'SERVICE_UNAVAILABLE';

/** The close reason for an error that refused a count of bytes. Throws all other errors. */
export function excessOf(error: unknown): Excess {
  if (!isForLater(error)) throw error;
  return error instanceof RateLimited ? 'RATE_LIMITED' : 'SERVICE_UNAVAILABLE';
}

/**
 * Limits what passes from a socket's stream to the library. Frames of every kind above the rate are not passed on,
 * and the socket is not read until there is room. So a client that sends fast once loses nothing. A client that goes
 * on is slowed down by TCP, and refused after a while. The bytes of incomplete messages are counted. `refuse` is
 * called when there is too much. `inflow` is called for each chunk, because the limits change with authentication.
 */
export function limitInflow(
  { socket, stream }: { socket: WebSocket; stream: Duplex },
  inflow: () => Inflow,
  refuse: (excess: Excess) => void,
): void {
  const library = libraryOf(stream);
  const scan = new FrameScan();
  let hold: Hold | null = null;
  let behindSince: number | null = null;

  /** Counts the bytes that the library keeps and the bytes that wait here. */
  function count(waiting: number): void {
    hold?.release();
    hold = null;
    const kept = scan.unfinishedChunkBytes + waiting;
    if (kept === 0) return;
    hold = inflow().hold();
    hold.add(kept, scan.unfinishedPieces + (waiting > 0 ? 1 : 0));
  }

  function handOn(chunk: Buffer): void {
    if (!library.isListening()) return void hold?.release();
    const { rate, shared, maxMessageBytes } = inflow();
    rate.refill();
    shared?.refill();
    let at = 0;
    while (at < chunk.length) {
      if (scan.isBetweenFrames) {
        if (!rate.hasOne || shared?.hasOne === false) break;
        rate.take();
        shared?.take();
      }
      at = scan.skip(chunk, at);
    }
    if (at < chunk.length) behindSince ??= performance.now();
    else if (rate.isPlenty) behindSince = null;
    if (behindSince !== null && performance.now() - behindSince > behindForMs)
      return refuse('TOO_MANY_FRAMES');
    try {
      count(chunk.length - at);
      if (scan.unfinishedBytes > maxMessageBytes) return refuse('MESSAGE_TOO_LARGE');
    } catch (error) {
      return refuse(excessOf(error));
    }
    if (at > 0) library.take(at === chunk.length ? chunk : chunk.subarray(0, at));
    if (at < chunk.length) wait(chunk.subarray(at));
  }

  function wait(rest: Buffer): void {
    socket.pause();
    setTimeout(() => {
      socket.resume();
      handOn(rest);
    }, pauseMs).unref();
  }

  stream.removeAllListeners('data');
  // The library removes its own listener when it stops reading. Node then removes this one, which it finds by the
  // property `listener`, as for `once`.
  stream.on('data', Object.assign(handOn, { listener: library.listener }));
  stream.once('close', () => hold?.release());
}

/** The library's access to the stream: its listener is the only one at this point. */
function libraryOf(stream: Duplex) {
  const [listener] = stream.listeners('data');
  if (!listener) throw new Error('The library does not listen to the stream.');
  return {
    listener,
    isListening: () => stream.listeners('data').includes(listener),
    take: (chunk: Buffer) => void Reflect.apply(listener, stream, [chunk]),
  };
}
