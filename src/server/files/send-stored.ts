import type { FastifyReply } from 'fastify';
import type { StoredStream } from '../../platform/storage/storage.ts';

/*
 * A client that reads slowly would otherwise hold a whole picture in memory. The limit of pixels decides what is
 * taken; a picture that was taken under a higher limit is served all the same.
 */

/** Sends stored bytes as they are read: a client that reads slowly, or not at all, costs no memory. */
export function sendStored(reply: FastifyReply, { sizeBytes, stream }: StoredStream): FastifyReply {
  return reply.header('content-length', sizeBytes).send(stream);
}
