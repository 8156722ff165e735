import { toError } from '../../../errors.ts';
import { SessionRefused } from './session.ts';

/** Where a database is, without its password. */
export function addressOf(databaseUrl: string): string {
  const { hostname, port, pathname } = new URL(databaseUrl);
  return `${hostname}:${port || 5432}${pathname}`;
}

/** Why a process cannot start on a database, in one line that names the database without its password. */
export function describeFailure(databaseUrl: string, thrown: unknown): Error {
  const cause = toError(thrown);
  const reason = cause instanceof AggregateError ? toError(cause.errors[0]).message : cause.message;
  const what = cause instanceof SessionRefused ? 'cannot be worked with' : 'does not answer';
  return new Error(`the database at ${addressOf(databaseUrl)} ${what}: ${reason}`, { cause });
}
