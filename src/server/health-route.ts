import type { FastifyInstance } from 'fastify';
import type { ServerContext } from './server-context.ts';

/** What was proved this recently is still true. */
const provedForMs = 2_000;

/** `/livez`: the process runs. `/readyz`: it can also do its work now. Neither needs a key or tells a secret. */
export function registerHealthRoute(
  app: FastifyInstance,
  { db, storage }: Pick<ServerContext, 'db' | 'storage'>,
): void {
  app.get('/livez', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_, reply) => {
    const problems = {
      database: await db.$queryRaw`SELECT 1`.then(
        () => null,
        () => 'does not answer',
      ),
      storage: await storage.health.prove(provedForMs),
    };
    const isReady = Object.values(problems).every((problem) => problem === null);
    const told = Object.entries(problems).map(([name, problem]) => [name, problem ?? 'ok']);
    return reply
      .code(isReady ? 200 : 503)
      .send({ status: isReady ? 'ok' : 'unavailable', ...Object.fromEntries(told) });
  });
}
