import { isExhausted } from '../../errors.ts';

/*
 * `isTransient` recognises a failure that passes by itself: no connection, a read-only or overloaded database, no more
 * files or memory. Callers then get SERVICE_UNAVAILABLE within half a minute, also those that wait for the turn of
 * another request. Loops log that they fail and that they work again, but not each try in between.
 */

/** Prisma's codes: no connection, timed out, pool exhausted, transaction lost, write conflict. */
const prismaCodes = ['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034'];
/**
 * Postgres' codes: connection exceptions; shutting down or starting up; out of connections, memory, disk or files;
 * read-only; serialization failure, deadlock, and waits that were given up, because the lock will be free again.
 */
const postgresCodes = /^(08\w{3}|57P0[1-5]|53\w{3}|58030|25006|40001|40P01|25P0[34]|55P03|57014)$/;
const systemCodes = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
];
const messages =
  /connection terminated|server has closed the connection|can't reach database|connection (timed out|timeout)|timeout exceeded when trying to connect|query read timeout|terminating connection|the database system is (starting up|shutting down|in recovery)|client has encountered a connection error|not queryable/i;

/** Two transactions conflicted: serialization failure, deadlock, and Prisma's code for both. */
const conflictCodes = ['40001', '40P01', 'P2034'];

interface Fact {
  code?: unknown;
  originalCode?: unknown;
  kind?: unknown;
  message?: unknown;
  cause?: unknown;
  meta?: unknown;
}

/** An error and its causes, also those that Prisma wraps. */
function* causesOf(error: unknown): Generator<Fact> {
  for (let depth = 0, each = error; depth < 6 && each !== null && typeof each === 'object'; depth += 1) {
    const fact = each as Fact;
    yield fact;
    const { driverAdapterError } = (fact.meta ?? {}) as { driverAdapterError?: unknown };
    each = fact.cause ?? driverAdapterError ?? null;
  }
}

function codesOf({ code, originalCode }: Fact): string[] {
  return [code, originalCode].filter((each) => typeof each === 'string');
}

/** Whether the database, or the machine, was not available for a while, so that the same write may be tried again. */
export function isTransient(error: unknown): boolean {
  if (isExhausted(error)) return true;
  for (const fact of causesOf(error)) {
    for (const code of codesOf(fact)) {
      if (prismaCodes.includes(code) || postgresCodes.test(code) || systemCodes.includes(code)) return true;
    }
    if (
      fact.kind === 'DatabaseNotReachable' ||
      fact.kind === 'ConnectionClosed' ||
      fact.kind === 'SocketTimeout'
    )
      return true;
    if (typeof fact.message === 'string' && messages.test(fact.message)) return true;
  }
  return false;
}

/** Whether a transaction failed because of another one, which proves nothing about the database's availability. */
export function isConflict(error: unknown): boolean {
  return [...causesOf(error)].some((fact) => codesOf(fact).some((code) => conflictCodes.includes(code)));
}
