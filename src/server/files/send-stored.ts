import type { FastifyReply } from 'fastify';
import type { StoredStream } from '../../platform/storage/storage.ts';

/**
 * Streams stored bytes, so that a client that reads slowly, or not at all, does not hold a whole picture in memory. The
 * limit of pixels applies to uploads only: a picture that was stored under a higher limit is still served.
 */
export function sendStored(reply: FastifyReply, { sizeBytes, stream }: StoredStream): FastifyReply {
  return reply.header('content-length', sizeBytes).send(stream);
}
