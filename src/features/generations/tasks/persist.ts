import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { isTransient } from '../../../platform/db/transient.ts';

/**
 * Keeps trying a write through a database that is restarting. What the provider has told us is worth more than
 * the wait: an answer that is not written down is a run that nobody can collect.
 */
export const persist = retry(handleWhen(isTransient), {
  maxAttempts: 200,
  backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 3_000 }),
});
