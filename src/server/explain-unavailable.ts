import { isExhausted, Unavailable } from '../errors.ts';
import { isTransient } from '../platform/db/transient.ts';

/** The message for an error of a service that we depend on, after which a retry may succeed; null for other errors. */
export function explainUnavailable(error: unknown): string | null {
  if (error instanceof Unavailable) return error.message;
  if (isExhausted(error))
    return 'This server has no free file handles, memory or disk space at the moment. Try again.';
  if (isTransient(error)) return 'The database does not answer at the moment. Try again.';
  return null;
}
