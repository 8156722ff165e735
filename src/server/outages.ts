import { setTimeout as sleep } from 'node:timers/promises';
import { StorageUnavailable, Unavailable } from '../errors.ts';
import { createOutage, type Logger } from '../logger.ts';
import { explainUnavailable } from './explain-unavailable.ts';
import type { Check } from './health-route.ts';

/**
 * Logs requests that fail because a service does not answer: one line when the outage begins and one when it is over.
 */
export interface Outages {
  /** Notes a failure. Returns false when it is not of this kind; the caller must then log it in full. */
  note(error: unknown): boolean;
  /** Stops watching for the end of outages. */
  close(): void;
}

/**
 * An outage is over when the service works and no request has failed for this long. So a service that fails now and
 * then causes few lines.
 */
const usualQuietMs = 10_000;

const words = {
  database: {
    failed:
      'requests cannot be served: the database does not answer, or the machine has run out of a resource',
    over: 'requests are served again',
  },
  storage: {
    failed: 'requests for pictures cannot be served: the storage does not work',
    over: 'requests for pictures are served again',
  },
  other: {
    failed: 'requests cannot be served: a service that they need does not answer',
    over: 'the service that requests need answers again',
  },
} as const;
type Part = keyof typeof words;

/** Makes the log of outages. `readiness` has the checks that say, by the service's name, whether it works. */
export function createOutages(log: Logger, readiness: readonly Check[], quietMs = usualQuietMs): Outages {
  const closing = new AbortController();
  const { signal } = closing;
  const watched = new Map<Part, { failedAt: number }>();

  async function watch(part: Part, { worked }: { worked(): void }): Promise<void> {
    const check = readiness.find(({ name }) => name === part);
    for (;;) {
      await sleep(quietMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      const problem = await Promise.resolve(check?.findProblem() ?? null).catch(() => 'does not answer');
      const failedAt = watched.get(part)?.failedAt ?? 0;
      if (problem !== null || performance.now() - failedAt < quietMs) continue;
      watched.delete(part);
      return worked();
    }
  }

  return {
    note(error) {
      const part = partOf(error);
      if (part === null) return false;
      const failedAt = performance.now();
      if (!watched.has(part)) {
        const outage = createOutage(log, words[part]);
        outage.failed(error);
        void watch(part, outage);
      }
      watched.set(part, { failedAt });
      return true;
    },
    close: () => closing.abort(),
  };
}

function partOf(error: unknown): Part | null {
  if (error instanceof StorageUnavailable) return 'storage';
  if (error instanceof Unavailable) return 'other';
  return explainUnavailable(error) === null ? null : 'database';
}
