import type { Duplex } from 'node:stream';
import { LRUCache } from 'lru-cache';
import type { WebSocket } from 'ws';
import { isForLater, RateLimited } from '../../errors.ts';
import { payer, type Viewer, viewerName } from '../../platform/auth/viewer.ts';
import type { Hold } from '../../platform/limits/byte-share.ts';
import type { ServerContext } from '../server-context.ts';
import { FrameRate } from './frame-rate.ts';
import { FrameScan } from './frame-scan.ts';

/*
 * `ws` works on all frames of a chunk in one turn, so ten thousand pings would be answered before any other client
 * is. A scan of the headers stands between the stream and the library and hands on so many frames in a second; until
 * more may come the socket is not read from. Reading later is better than closing: a client that subscribes to much
 * at once loses nothing, and one that floods cannot come back to do so again. After twenty seconds of it the socket
 * is closed. One socket has half of what its viewer may send, so the viewer's others are still read.
 */

/** Until it has said who it is a client sends a token, and answers pings. */
const strangerFramesPerSecond = 20;
const strangerMessageBytes = 16 * 1_024;
/** Of a viewer's frames: one socket must not keep the others of its viewer waiting. */
const shareOfSocket = 1 / 2;
/** How long a socket that has sent too many frames is not read from, at a time. */
const pauseMs = 50;
/** A client that sends too many for so long does not do it by chance. */
const behindForMs = 20_000;

/** What may come in over a socket. */
export interface Inflow {
  readonly rate: FrameRate;
  /** That of all sockets of the viewer; null for a stranger. */
  readonly shared: FrameRate | null;
  readonly maxMessageBytes: number;
  /** Opens a count of bytes for the one who sends them. */
  hold(): Hold;
}

/** Who may send what: an address that has not said who it is, and a viewer over all their sockets. */
export interface Inflows {
  ofStranger(address: string): Inflow;
  ofViewer(viewer: Viewer): Inflow;
}

/** Makes those of a process. */
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
        hold: () => bytes.hold(payer(viewer)),
      };
    },
  };
}

/** Why a socket is closed whose client sends too much: the reason that it is told. */
export type Excess = 'MESSAGE_TOO_LARGE' | 'TOO_MANY_FRAMES' | 'RATE_LIMITED' | 'SERVICE_UNAVAILABLE';

/** The excess that a refused count of bytes is. Throws all other errors. */
export function excessOf(error: unknown): Excess {
  if (!isForLater(error)) throw error;
  return error instanceof RateLimited ? 'RATE_LIMITED' : 'SERVICE_UNAVAILABLE';
}

/**
 * Stands between a socket's stream and the library, which works on each frame of a chunk before anyone else has a turn.
 * Frames above the rate are not handed on, of whatever kind they are: the socket is not read from until there is room, so
 * a client that sends fast once loses nothing, and one that goes on is slowed down by TCP, and refused after a while. What is
 * kept of a message that is not complete is counted. `refuse` is told of too much; `inflow` is asked anew for each chunk.
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

  /** Of what the library keeps and of what waits here. */
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
  // The library takes its own listener off when it wants no more. Node finds this one by the property, as it does for `once`.
  stream.on('data', Object.assign(handOn, { listener: library.listener }));
  stream.once('close', () => hold?.release());
}

/** How the library reads from the stream: by the only listener that it has by now. */
function libraryOf(stream: Duplex) {
  const [listener] = stream.listeners('data');
  if (!listener) throw new Error('The library does not listen to the stream.');
  return {
    listener,
    isListening: () => stream.listeners('data').includes(listener),
    take: (chunk: Buffer) => void Reflect.apply(listener, stream, [chunk]),
  };
}
