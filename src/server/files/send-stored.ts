import type { FastifyReply } from 'fastify';
import type { StoredStream } from '../../platform/storage/storage.ts';

/** Sends stored bytes as they are read: a client that reads slowly, or not at all, costs no memory. */
export function sendStored(reply: FastifyReply, { sizeBytes, stream }: StoredStream): FastifyReply {
  return reply.header('content-length', sizeBytes).send(stream);
}
