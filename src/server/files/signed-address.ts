import type { FastifyReply } from 'fastify';
import type { RefusedUrl } from '../../platform/storage/signed-url.ts';

/** Headers for bytes of other origins that this server serves from its own origin. */
export const safeHeaders = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'cross-origin',
  'access-control-allow-origin': '*',
} as const;

/** The answer to an address without our signature, or to an expired address. */
export function refuseAddress(reply: FastifyReply, { reason }: RefusedUrl): FastifyReply {
  const [code, message] =
    reason === 'EXPIRED'
      ? ['URL_EXPIRED', 'This address has expired; ask the API for a new one.']
      : ['URL_INVALID', 'This address is not signed by this server.'];
  return reply.code(403).header('cache-control', 'no-store').send({ error: { code, message } });
}

/** How long from now until a moment, in whole seconds; never less than 0. */
export function secondsUntil(moment: Date, now: Date): number {
  return Math.max(0, Math.floor((moment.getTime() - now.getTime()) / 1_000));
}
