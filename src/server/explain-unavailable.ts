import { isExhausted, Unavailable } from '../errors.ts';
import { isTransient } from '../platform/db/transient.ts';

/** The message when something that we depend on is away, and the same request works later; null for other errors. */
export function explainUnavailable(error: unknown): string | null {
  if (error instanceof Unavailable) return error.message;
  if (isExhausted(error))
    return 'This server has run out of files, memory or disk for the moment. Try again.';
  if (isTransient(error)) return 'The database does not answer at the moment. Try again.';
  return null;
}
