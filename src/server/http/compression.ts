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
import { addVary } from './vary.ts';

/*
 * Ids and signatures make up half of a response, so the fastest levels lose only three bytes in a hundred. Compression
 * happens off the main thread, one buffer at a time, which is why no plugin does it. Keys come in a header that no
 * other site can send, so the sizes of responses reveal no secret.
 *
 * Own code beside @fastify/compress, which makes a stream of a body that is complete: a response of 40 kB takes 0.47 to
 * 0.58 ms of CPU instead of 0.36 to 0.44 (gzip, br and zstd at the same levels, least of 8 rounds), and has no length.
 */

/** The smallest body that is compressed. A body of a few packets does not arrive sooner when it is smaller. */
const leastBytes = 4 * 1024;

/** Text and JSON of any kind. Pictures are compressed already. */
const compressible = /^(?:text\/|application\/(?:[\w.-]+\+)?jsonl?(?:;|$))/;

const fastestZstd = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const fastBrotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
const fastestGzip = { level: 1 };

/** A content encoding: for a body that is complete, and for a body that is still being written. */
export interface Encoding {
  readonly name: string;
  whole(body: Buffer): Promise<Buffer>;
  stream(): NodeJS.ReadWriteStream;
}

/**
 * The encodings, the preferred one first. Ids and signatures make up half of a response and cannot be compressed: the
 * next levels take twice the time for three bytes in a hundred. bench/compression.ts measures it.
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

/** The encoding with the highest weight in the client's `accept-encoding`; null for the body as it is. */
export function chooseEncoding(acceptEncoding: string): Encoding | null {
  const weight = readAccept(acceptEncoding);
  const [best] = encodings.toSorted((a, b) => weight(b.name) - weight(a.name));
  return best && weight(best.name) > 0 && weight(best.name) >= weight('identity') ? best : null;
}

/**
 * Compresses large responses for clients that accept it, off the main thread. An attacker could guess a secret that is
 * compressed beside the attacker's own text, from the size of the response. That needs requests from the browser of the
 * secret's owner, and no other site can make a browser send the header with our keys.
 */
export function registerCompression(app: FastifyInstance): void {
  // With a callback, because most responses are sent as they are, and need not wait for a promise.
  app.addHook('onSend', (request, reply, payload, done) => {
    const accepted = request.headers['accept-encoding'];
    if (accepted === undefined || request.method === 'HEAD') return done(null, payload);
    compress(accepted, reply, payload).then((sent) => done(null, sent), done);
  });
}

async function compress(accepted: string, reply: FastifyReply, payload: unknown): Promise<unknown> {
  // A body that failed before its first byte comes here again as the response of an error, with its earlier headers.
  reply.removeHeader('content-encoding');
  if (!compressible.test(String(reply.getHeader('content-type') ?? ''))) return payload;
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const isStream = body instanceof Readable;
  if (!isStream && !(Buffer.isBuffer(body) && body.length >= leastBytes)) return payload;

  addVary(reply, 'Accept-Encoding');
  const encoding = chooseEncoding(accepted);
  if (!encoding) return payload;
  reply.header('content-encoding', encoding.name);
  // Fastify sets the length of a complete body.
  if (!isStream) return encoding.whole(body);
  reply.removeHeader('content-length');
  // When one of the two streams ends, so does the other. Fastify gets the error from the stream that it reads.
  return pipeline(body, encoding.stream(), () => undefined);
}
