import { toError } from '../../../errors.ts';
import { SessionRefused } from './session.ts';

/** Why a process cannot start on a database, in one line that names it without its password. */
export function describeFailure(databaseUrl: string, thrown: unknown): Error {
  const { hostname, port, pathname } = new URL(databaseUrl);
  const cause = toError(thrown);
  const reason = cause instanceof AggregateError ? toError(cause.errors[0]).message : cause.message;
  const what = cause instanceof SessionRefused ? 'cannot be worked with' : 'does not answer';
  return new Error(`the database at ${hostname}:${port || 5432}${pathname} ${what}: ${reason}`);
}
