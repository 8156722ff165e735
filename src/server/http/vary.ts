import type { FastifyReply } from 'fastify';

/** Names more headers of requests on which a response depends, so that a cache keeps the responses apart. */
export function addVary(reply: FastifyReply, ...names: readonly string[]): void {
  reply.header('vary', [reply.getHeader('vary') ?? [], ...names].flat().join(', '));
}
