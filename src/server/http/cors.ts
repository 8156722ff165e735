import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

/** What a page may read of a response, besides its body and type. */
const exposedHeaders = ['Retry-After', 'Content-Disposition', 'ETag'];

/**
 * Permits requests from pages of other origins: those of CORS_ORIGINS, or all for `*`. Keys come in a header and never in a
 * cookie, so a page of another site cannot use the key of its visitor.
 */
export async function registerCors(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length > 0) {
    await app.register(cors, {
      origin: origins.includes('*') ? '*' : [...origins],
      methods: ['GET', 'POST'],
      exposedHeaders,
      maxAge: 600,
    });
    return;
  }
  // A browser shows its developer only that the request was refused; the response to the preflight says why.
  app.options('/*', async (_, reply) => {
    const message =
      'Pages of other origins may not use this server. Add the origin of your page to the setting CORS_ORIGINS.';
    return reply.code(403).send({ errors: [{ message, extensions: { code: 'FORBIDDEN' } }] });
  });
}
