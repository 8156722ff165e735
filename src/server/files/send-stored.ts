import type { FastifyReply } from 'fastify';
import type { StoredStream } from '../../platform/storage/storage.ts';

/** A client that takes nothing for so long does not come back for the rest. */
const stalledMs = 60_000;

/** Sends stored bytes as they are read: a client that reads slowly, or not at all, costs no memory. */
export function sendStored(reply: FastifyReply, { sizeBytes, stream }: StoredStream): FastifyReply {
  reply.raw.setTimeout(stalledMs, () => reply.raw.destroy());
  return reply.header('content-length', sizeBytes).send(stream);
}
