import type { FastifyInstance } from 'fastify';
import type { ServerContext } from './server-context.ts';

/** `/livez`: the process runs. `/readyz`: it can also do its work now. Neither needs a key or tells a secret. */
export function registerHealthRoute(app: FastifyInstance, ctx: Pick<ServerContext, 'db'>): void {
  app.get('/livez', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_, reply) => {
    try {
      await ctx.db.$queryRaw`SELECT 1`;
      return { status: 'ok', database: 'ok' };
    } catch {
      return reply.code(503).send({ status: 'unavailable', database: 'does not answer' });
    }
  });
}
