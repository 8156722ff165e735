import { toError } from '../../errors.ts';
import { createOutage, createRepeats, type Logger } from '../../logger.ts';
import { isTransient } from '../db/transient.ts';
import type { JobKind } from './job.ts';

/** A job in the log: its id, and its subject. */
interface TroubledJob {
  readonly id: string;
  readonly subject: Readonly<Record<string, string>>;
}

/** The outages of the work on a kind of job. Each is logged when it begins and when it is over. */
export function createOutages(log: Logger, { one, many }: JobKind<never>['words']) {
  /** One outage for all handlers, because thousands of them can fail together. */
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
    /**
     * A failure of the database is logged once for all jobs. Another failure is logged for each subject, not each try.
     */
    handling: {
      failed(failure: unknown, job: TroubledJob & { readonly isLastTry: boolean }): void {
        const err = toError(failure);
        const facts = { err, jobId: job.id, ...job.subject };
        if (job.isLastTry) return log.error(facts, `${one} failed for the last time`);
        if (isTransient(failure)) return handling.failed(failure);
        log[repeats.levelOf(thingOf(job), err.message)](facts, `${one} failed and will be tried again`);
      },
      worked(job: TroubledJob): void {
        repeats.forget(thingOf(job));
        handling.worked();
      },
    },
    renewing: createOutage(log, {
      failed: `the heartbeats of ${many} fail`,
      over: `the heartbeats of ${many} succeed again`,
    }),
  };
}

/** The outage of the renewal that all leases of a process depend on. */
export function createHoldingOutage(log: Logger) {
  return createOutage(log, { failed: 'leases cannot be renewed', over: 'leases are renewed again' });
}

/** Logs a failure of pg-boss' own upkeep. A failure of the database is left out, because other parts log it. */
export function logUpkeep(log: Logger, failure: unknown): void {
  if (!isTransient(failure)) log.warn({ err: toError(failure) }, 'job queue');
}
