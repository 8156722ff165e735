import { toError } from '../../errors.ts';
import { createOutage, createRepeats, type Logger } from '../../logger.ts';
import { isTransient } from '../db/transient.ts';
import type { JobKind } from './job.ts';

/** A job of which something is told, and whose it is. */
interface TroubledJob {
  readonly id: string;
  readonly subject: Readonly<Record<string, string>>;
}

/** What of the work on a kind of job can fail for a while; each is told when it begins and when it is over. */
export function createOutages(log: Logger, { one, many }: JobKind<never>['words']) {
  /** Thousands of handlers fail together. */
  const handling = createOutage(log, {
    failed: `${many} fail and will be tried again`,
    over: `${many} succeed again`,
  });
  const repeats = createRepeats();
  const thingOf = ({ id, subject }: TroubledJob) => Object.values(subject).join(' ') || id;
  return {
    fetching: createOutage(log, {
      failed: `no ${many} can be fetched`,
      over: `${many} are fetched again`,
    }),
    /** A fault of the database is one for all. Any other is told of each subject, and not of each try. */
    handling: {
      failed(failure: unknown, job: TroubledJob & { readonly isLastTry: boolean }): void {
        const err = toError(failure);
        const told = { err, jobId: job.id, ...job.subject };
        if (job.isLastTry) return log.error(told, `${one} failed for the last time`);
        if (isTransient(failure)) return handling.failed(failure);
        log[repeats.levelOf(thingOf(job), err.message)](told, `${one} failed and will be tried again`);
      },
      worked(job: TroubledJob): void {
        repeats.forget(thingOf(job));
        handling.worked();
      },
    },
    renewing: createOutage(log, {
      failed: 'leases cannot be renewed',
      over: 'leases are renewed again',
    }),
  };
}

/** Tells what goes wrong in the upkeep of the queue. While the database is away other parts say so. */
export function tellOfUpkeep(log: Logger, failure: unknown): void {
  if (!isTransient(failure)) log.warn({ err: toError(failure) }, 'job queue');
}
