import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import {
  brotliCompress,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  gzip,
  zstdCompress,
} from 'node:zlib';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { readAccept } from './accept.ts';

/*
 * Ids and signatures make up half of an answer, so the fastest levels lose three bytes in a hundred. Compression
 * happens off the main thread, one buffer at a time, which is why no plugin does it. Keys come in a header that no
 * other site can send, so sizes give nothing away.
 *
 * Own code beside @fastify/compress, which makes a stream of what is there whole: an answer of 40 kB takes 0.47 to 0.58 ms of
 * CPU instead of 0.36 to 0.44 (gzip, br and zstd at the same levels, least of 8 rounds), and has no length.
 */

/** What fits into a few packets arrives no sooner for being smaller. */
const leastBytes = 4 * 1024;

/** Text and JSON of any kind. Pictures are compressed already. */
const compressible = /^(?:text\/|application\/(?:[\w.-]+\+)?jsonl?(?:;|$))/;

const fastestZstd = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const fastBrotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
const fastestGzip = { level: 1 };

/** How a body is made smaller: one that is there whole, or one that is still being written. */
export interface Encoding {
  readonly name: string;
  whole(body: Buffer): Promise<Buffer>;
  stream(): NodeJS.ReadWriteStream;
}

/**
 * The one we like best first. Ids and signatures make up half of an answer and nothing compresses them: the next levels
 * take as much time again for three bytes in a hundred. bench/compression.ts measures it.
 */
export const encodings: readonly Encoding[] = [
  {
    name: 'zstd',
    whole: (body) => promisify(zstdCompress)(body, fastestZstd),
    stream: () => createZstdCompress(fastestZstd),
  },
  {
    name: 'br',
    whole: (body) => promisify(brotliCompress)(body, fastBrotli),
    stream: () => createBrotliCompress(fastBrotli),
  },
  {
    name: 'gzip',
    whole: (body) => promisify(gzip)(body, fastestGzip),
    stream: () => createGzip(fastestGzip),
  },
];

/** What a client that accepts this is sent: what it names and weighs most; null for the body as it is. */
export function chooseEncoding(acceptEncoding: string): Encoding | null {
  const weight = readAccept(acceptEncoding);
  const [best] = encodings.toSorted((a, b) => weight(b.name) - weight(a.name));
  return best && weight(best.name) > 0 && weight(best.name) >= weight('identity') ? best : null;
}

/**
 * Compresses what is large enough for clients that say they take it, off the main thread. A secret beside words of an
 * attacker can be guessed by how small they compress, but only by who can make its owner's browser ask: our keys come
 * in a header that no other site can make it send.
 */
export function registerCompression(app: FastifyInstance): void {
  // With a callback: most answers are sent as they are, and need not wait for a promise.
  app.addHook('onSend', (request, reply, payload, done) => {
    const accepted = request.headers['accept-encoding'];
    if (accepted === undefined || request.method === 'HEAD') return done(null, payload);
    compress(accepted, reply, payload).then((sent) => done(null, sent), done);
  });
}

async function compress(accepted: string, reply: FastifyReply, payload: unknown): Promise<unknown> {
  // A body that failed before its first byte was sent comes back as an error's answer, with the headers it had.
  reply.removeHeader('content-encoding');
  if (!compressible.test(String(reply.getHeader('content-type') ?? ''))) return payload;
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const isStream = body instanceof Readable;
  if (!isStream && !(Buffer.isBuffer(body) && body.length >= leastBytes)) return payload;

  const varies = [reply.getHeader('vary') ?? [], 'Accept-Encoding'].flat();
  reply.header('vary', varies.join(', '));
  const encoding = chooseEncoding(accepted);
  if (!encoding) return payload;
  reply.header('content-encoding', encoding.name);
  // Fastify tells the length of what is there whole.
  if (!isStream) return encoding.whole(body);
  reply.removeHeader('content-length');
  // Whatever ends one of the two ends the other; Fastify hears of it from the one that it reads.
  return pipeline(body, encoding.stream(), () => undefined);
}
