import { LRUCache } from 'lru-cache';
import { createOutage, createRepeats, type Outage, type Repeats } from '../../logger.ts';
import type { TaskContext } from '../../platform/context.ts';
import { createDatabaseClock, type DatabaseClock } from '../../platform/db/database-clock.ts';
import { type Bounds, createBounds, createTurns } from '../../platform/db/turns.ts';
import { createTimerWheel, type TimerWheel } from '../../platform/timer-wheel.ts';
import { createObservedTimes, type ObservedTimes } from '../prices/observed-times.ts';
import type { ProviderHealth } from '../provider/provider-health.ts';
import { createPollPauses, type PollPauses } from './poll-pauses.ts';

/** What all runs that one process walks share. Thousands may wait at a time; what they do after waiting is bounded. */
export interface Worker extends TaskContext {
  /** On which they wait until they are asked after. */
  readonly wheel: TimerWheel;
  /** By which the age of a run is told. */
  readonly databaseNow: DatabaseClock;
  readonly observedTimes: ObservedTimes;
  readonly pollPauses: PollPauses;
  readonly health: ProviderHealth;
  /** Models that have no asynchronous route: each is told once. */
  readonly routeRepeats: Repeats;
  /** Tells that intents cannot be noted, and that they can again. */
  readonly notesOutage: Outage;
  /** The same of the uploads of pictures. */
  readonly uploadOutage: Outage;
  /** The same of the key of a project's own account. */
  readonly keyOutage: (projectId: string) => Outage;
  /** Reading results, by project: some hold their pictures. */
  readonly results: Bounds;
  /** Fetching and keeping pictures, by project: each is held in memory. */
  readonly downloads: Bounds;
}

/** Polls that are due within so long go out together. */
const tickMs = 25;

/** Projects whose keys are remembered as unusable. */
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
    // Requests must find a connection to the database as well.
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
