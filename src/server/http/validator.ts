import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import fresh from 'fresh';
import { addVary } from './vary.ts';

/** The tag of an answer's data. It is weak, because `extensions.cost` differs from answer to answer. */
export function tagOf(data: string): string {
  return `W/"${hash('sha256', data, 'base64url').slice(0, 22)}"`;
}

/**
 * Adds a GET's tag, with which only the client itself may keep the answer. Resolves to whether the client has this answer
 * already, so that a 304 suffices.
 */
export function isKnownAnswer(request: FastifyRequest, reply: FastifyReply, etag: string): boolean {
  reply.headers({ etag, 'cache-control': 'private, no-cache' });
  addVary(reply, 'Authorization', 'Accept');
  return fresh({ 'if-none-match': request.headers['if-none-match'] }, { etag });
}
