import { isExhausted } from '../../errors.ts';

/*
 * `isTransient` decides what is away for a while: no connection, a read-only or overloaded database, no more files
 * or memory. Callers are then told SERVICE_UNAVAILABLE within half a minute, also those who wait for the turn of
 * another. Loops say in the log that they fail, and that they work again, but not each try in between.
 */

/** Prisma's codes: no connection, timed out, pool exhausted, transaction lost, write conflict. */
const prismaCodes = ['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034'];
/**
 * Postgres': connection exceptions; shutting down or starting up; out of connections, memory, disk or files; read-only;
 * serialization, deadlock, and waits that were given up: the holder of the lock lets go of it.
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

/** Two transactions got into each other's way: serialization, deadlock, Prisma's code for both. */
const conflictCodes = ['40001', '40P01', 'P2034'];

interface Fact {
  code?: unknown;
  originalCode?: unknown;
  kind?: unknown;
  message?: unknown;
  cause?: unknown;
  meta?: unknown;
}

/** A failure, and what it was caused by, through Prisma or not. */
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

/** Whether a failure lies with the database's availability, or the machine's, so that the same write may be tried again. */
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

/** Whether a transaction failed because of another one, which says nothing about the database's availability. */
export function isConflict(error: unknown): boolean {
  return [...causesOf(error)].some((fact) => codesOf(fact).some((code) => conflictCodes.includes(code)));
}
