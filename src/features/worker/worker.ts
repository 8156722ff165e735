import { LRUCache } from 'lru-cache';
import { createOutage, createRepeats, type Outage, type Repeats } from '../../logger.ts';
import type { TaskContext } from '../../platform/context.ts';
import { createDatabaseClock, type DatabaseClock } from '../../platform/db/database-clock.ts';
import { type Bounds, createBounds, createTurns } from '../../platform/db/turns.ts';
import { createTimerWheel, type TimerWheel } from '../../platform/timer-wheel.ts';
import { createObservedTimes, type ObservedTimes } from '../prices/observed-times.ts';
import type { ProviderHealth } from '../provider/provider-health.ts';
import { createPollPauses, type PollPauses } from './poll-pauses.ts';

/**
 * What all runs that one process works on share. Thousands of runs may wait at a time. The work that follows a wait is
 * bounded.
 */
export interface Worker extends TaskContext {
  /** The timers of the waits between two polls. */
  readonly wheel: TimerWheel;
  /** The clock that the age of a run is computed with. */
  readonly databaseNow: DatabaseClock;
  readonly observedTimes: ObservedTimes;
  readonly pollPauses: PollPauses;
  readonly health: ProviderHealth;
  /** Models without an asynchronous route. Each is logged once. */
  readonly routeRepeats: Repeats;
  /** Logs when intents can no longer be noted, and when they can be noted again. */
  readonly notesOutage: Outage;
  /** The same for the uploads of pictures. */
  readonly uploadOutage: Outage;
  /** The same for the key of a project's own account. */
  readonly keyOutage: (projectId: string) => Outage;
  /** Bounds the reading of results, by project, because some results contain their pictures. */
  readonly results: Bounds;
  /** Bounds the fetching and storing of pictures, by project, because each picture is held in memory. */
  readonly downloads: Bounds;
}

/** Polls that are due within the same 25 ms are sent together. */
const tickMs = 25;

/** The most projects whose outage of the key is remembered. */
const mostProjects = 10_000;

function createKeyOutages({ log }: Pick<TaskContext, 'log'>): Worker['keyOutage'] {
  const outages = new LRUCache<string, Outage>({ max: mostProjects });
  const words = {
    failed: "a project's runs wait: the key of its account cannot be used by this process",
    over: "the key of a project's account can be used again",
  };
  return (projectId) => {
    const outage = outages.get(projectId) ?? createOutage(log.child({ projectId }), words);
    outages.set(projectId, outage);
    return outage;
  };
}

/** Makes the worker of a process. */
export function createWorker(ctx: TaskContext & Pick<Worker, 'health'>): Worker {
  return {
    ...ctx,
    // A bound, so that connections to the database remain free for requests.
    turns: createTurns({ inAll: 8 }),
    wheel: createTimerWheel(tickMs),
    databaseNow: createDatabaseClock(ctx.db),
    observedTimes: createObservedTimes(ctx),
    pollPauses: createPollPauses(),
    routeRepeats: createRepeats(),
    notesOutage: createOutage(ctx.log, {
      failed: 'nothing is submitted: the intent cannot be noted',
      over: 'intents are noted again',
    }),
    uploadOutage: createOutage(ctx.log, {
      failed: 'the provider refuses the upload of pictures: they are sent as base64',
      over: 'pictures are uploaded to the provider again',
    }),
    keyOutage: createKeyOutages(ctx),
    results: createBounds({ all: 16, each: 8 }),
    downloads: createBounds({ all: 16, each: 8 }),
  };
}
