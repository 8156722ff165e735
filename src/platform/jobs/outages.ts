import { createOutage, type Logger } from '../../logger.ts';

/** What of a worker's queue can fail for a while; each is told when it begins and when it is over. */
export function createOutages(log: Logger) {
  return {
    fetching: createOutage(log, {
      failed: 'no wake-ups can be fetched',
      over: 'wake-ups are fetched again',
    }),
    /** Thousands of handlers fail together. */
    handling: createOutage(log, {
      failed: 'wake-ups fail and will be tried again',
      over: 'wake-ups succeed again',
    }),
    renewing: createOutage(log, {
      failed: 'leases cannot be renewed',
      over: 'leases are renewed again',
    }),
  };
}
