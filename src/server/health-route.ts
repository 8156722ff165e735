import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/** A condition that must hold for this process to do its work. */
export interface Check {
  /** Its key in the answer of `/readyz`. */
  readonly name: string;
  /** Resolves to a short text about the problem, without secrets; null when there is no problem. */
  readonly findProblem: () => Promise<string | null>;
}

/** A check that takes longer counts as failed, because a prober does not wait long. */
const checkTimeoutMs = 3_000;
/** The result of a check is reused for this long. */
const believedMs = 1_000;

/** `/livez`: the process runs. `/readyz`: it can also do its work. Neither needs a key or shows a secret. */
export function registerHealthRoute(
  app: FastifyInstance,
  { readiness }: { readonly readiness: readonly Check[] },
): void {
  const asked = readiness.map((check) => [check.name, shared(check.findProblem)] as const);
  app.get('/livez', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_, reply) => {
    const found = await Promise.all(asked.map(async ([name, ask]) => [name, await inTime(ask())] as const));
    const isReady = found.every(([, problem]) => problem === null);
    const parts = Object.fromEntries(found.map(([name, problem]) => [name, problem ?? 'ok']));
    return reply
      .code(isReady ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: isReady ? 'ok' : 'unavailable', ...parts });
  });
}

/** Runs one check at a time and at most one a second, because the route is public and may get many requests. */
function shared(look: Check['findProblem']): Check['findProblem'] {
  let current: Promise<string | null> | undefined;
  return () => {
    if (!current) {
      current = look();
      const forget = () => {
        current = undefined;
      };
      const later = () => setTimeout(forget, believedMs).unref();
      current.then(later, later);
    }
    return current;
  };
}

async function inTime(looking: Promise<string | null>): Promise<string | null> {
  const patience = new AbortController();
  const late = sleep(checkTimeoutMs, 'does not answer', { signal: patience.signal, ref: false });
  try {
    return await Promise.race([looking, late]);
  } catch {
    return 'does not answer';
  } finally {
    patience.abort();
  }
}
