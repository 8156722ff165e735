import { toError } from '../../errors.ts';
import { createOutage, createRepeats, type Logger } from '../../logger.ts';
import { isTransient } from '../db/transient.ts';

/** A job of which something is told, by its wake-up and its run. */
interface TroubledJob {
  readonly id: string;
  readonly generationId: string | null;
}

/** What of a worker's queue can fail for a while; each is told when it begins and when it is over. */
export function createOutages(log: Logger) {
  /** Thousands of handlers fail together. */
  const handling = createOutage(log, {
    failed: 'wake-ups fail and will be tried again',
    over: 'wake-ups succeed again',
  });
  const repeats = createRepeats();
  return {
    /** While the database is away the loops of the queue say so, once. */
    inBackground(failure: unknown): void {
      if (!isTransient(failure)) log.warn({ err: toError(failure) }, 'job queue');
    },
    fetching: createOutage(log, {
      failed: 'no wake-ups can be fetched',
      over: 'wake-ups are fetched again',
    }),
    /** A fault of the database is one for all. Any other is told of each run, and not of each try. */
    handling: {
      failed(failure: unknown, { id, generationId }: TroubledJob): void {
        if (isTransient(failure)) return handling.failed(failure);
        const err = toError(failure);
        const level = repeats.levelOf(generationId ?? id, err.message);
        log[level]({ err, jobId: id, generationId }, 'a wake-up failed and will be tried again');
      },
      worked({ id, generationId }: TroubledJob): void {
        repeats.forget(generationId ?? id);
        handling.worked();
      },
    },
    renewing: createOutage(log, {
      failed: 'leases cannot be renewed',
      over: 'leases are renewed again',
    }),
  };
}
