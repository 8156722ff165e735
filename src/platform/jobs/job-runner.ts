import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../logger.ts';
import { Alarm } from './alarm.ts';
import type { Claims, FetchedJob } from './claims.ts';
import { handOver } from './hand-over.ts';
import { leaseSeconds } from './holder.ts';
import type { JobHandler, JobKind } from './job.ts';
import { Lease, touchLeases } from './lease.ts';
import { createOutages } from './outages.ts';
import { beginningsAtOnce, createFill, type Turn } from './places.ts';
import { createRoom } from './room.ts';

/*
 * Works on the jobs of one kind in one process: fetches them as places become free, keeps their leases, and gives them
 * back at a stop.
 *
 * Why this is not pg-boss' `work`: each of its `localConcurrency` workers fetches by itself, and sends the heartbeats
 * of its own job. Measured: 100 idle workers send 200 statements a second at the shortest interval, which is half a
 * second; 100 busy workers send 20 heartbeats a second. A job may keep its place while it mostly waits, so a process
 * has 5,000 places. For any number of places this loop sends 4 fetches a second, and the process renews all its leases
 * with one statement every 2.5 seconds. At a stop `work` waits for all handlers until one limit: it cannot give back
 * interruptible jobs while it waits for jobs that must finish. It also keeps no places for urgent jobs.
 * `groupConcurrency` is an option of `fetch`, so fairness comes from pg-boss.
 */
const fetchEveryMs = 250;
const idleFetchMs = 1_000;
/**
 * A pause, so that a job that fails at once is not retried in a tight loop. The same pause follows a failure of the
 * database.
 */
const pauseMs = 1_000;
/**
 * A statement of the queue that failed may have been committed, or may still be. So a fetch may have taken jobs that this
 * process does not know, and a job that it could not give back is still active in its name. Its holder is fresh, so no
 * other process takes these jobs over. For this time after a failure the process looks for such jobs and gives them
 * back. No statement of the queue runs longer.
 */
const unsureMs = leaseSeconds * 1_000;

/** The work of a process on the jobs of one kind. */
export interface JobRunner {
  /** The time since the last fetch of jobs, in milliseconds. */
  sinceFetchMs(): number;
  /** Fetches within this time, also when there was nothing to do. */
  wakeWithin(ms: number): void;
  /** Stops fetching and ends the handlers: see `JobQueue.handOver`. */
  handOver(graceMs: number, limitMs: number): Promise<void>;
  /** No longer waits for handlers that must finish. */
  hurry(): void;
  /** After `handOver`: ends the loops, and waits until all jobs have been given back. */
  end(): Promise<void>;
}

/** How a process works on the jobs of a kind: see `JobQueue.work`. */
interface Work<Payload> {
  readonly handler: JobHandler<Payload>;
  readonly places: number | (() => number);
  readonly leavesRoom: boolean;
}

/** Begins to work on the jobs of a kind, `places` of them at a time. A function is called before each fetch. */
export function startJobRunner<Payload extends object>(
  claims: Claims,
  kind: JobKind<Payload>,
  { handler, places, leavesRoom }: Work<Payload>,
  log: Logger,
): JobRunner {
  const outages = createOutages(log, kind.words);
  const leases = new Map<string, Lease>();
  const running = new Map<Lease, Turn>();
  const stopping = new AbortController();
  const hurrying = new AbortController();
  const ended = new AbortController();
  /** All calls that give jobs back. The connections must stay open until these have ended. */
  let giving = Promise.resolve();
  let fetchedAt = performance.now();
  let failedAt = Number.NEGATIVE_INFINITY;
  const alarm = new Alarm();
  const room = leavesRoom ? createRoom(beginningsAtOnce) : undefined;
  const fillPlaces = createFill(claims.fetch, kind.hasUrgent ?? false, room);

  async function take(fetched: FetchedJob, turn: Turn, lease: Lease) {
    // The stop began during the fetch of this job.
    if (stopping.signal.aborted) return giveBack([lease]);
    const { id } = fetched;
    let troubled = { id, subject: {} };
    let hasFinished = false;
    async function finish<Result>(work: (hurried: AbortSignal) => Promise<Result>): Promise<Result> {
      hasFinished = lease.mustFinish = true;
      return work(hurrying.signal).finally(() => {
        lease.mustFinish = false;
      });
    }
    try {
      const payload = kind.schema.parse(fetched.data);
      troubled = { id, subject: kind.subject?.(payload) ?? {} };
      const settle = () => {
        turn.hasSettled = true;
      };
      await handler({ id, payload, settle, isLeaseFresh: () => lease.isFresh(), finish }, stopping.signal);
      // The hand-over gives the other leases back together.
      if (stopping.signal.aborted) return hasFinished ? giveBack([lease]) : undefined;
      await claims.complete(lease.claim);
      leases.delete(id);
      outages.handling.worked(troubled);
    } catch (error) {
      outages.handling.failed(error, {
        ...troubled,
        isLastTry: lease.claim.retryCount >= fetched.retryLimit,
      });
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      await claims.fail([lease.claim]).catch(noteFailure);
      leases.delete(id);
    }
  }

  function noteFailure() {
    failedAt = performance.now();
  }

  /** Gives jobs back, so that another process can take them at once. */
  async function giveBack(some: readonly Lease[]) {
    for (const { claim } of some) leases.delete(claim.id);
    if (some.length === 0) return;
    const given = claims.fail(some.map(({ claim }) => claim)).catch(() => undefined);
    giving = Promise.all([giving, given]).then(() => undefined);
    await given;
  }

  /** A failure here does not stop the fetches: the next pass tries again. */
  async function giveBackUnknown() {
    if (performance.now() - failedAt > unsureMs) return;
    await claims.giveBackUnknown(new Set(leases.keys())).catch(noteFailure);
  }

  /**
   * Whether this process works on the job already: its heartbeats came late, and this process was the first to fetch it
   * again. The handler that works on it continues. Otherwise each outage of the database would double the work under
   * way.
   */
  function takeBack({ id, retryCount, fetchedAt }: FetchedJob): boolean {
    const lease = leases.get(id);
    lease?.takeBack({ id, retryCount }, fetchedAt);
    return lease !== undefined;
  }

  function begin(job: FetchedJob, isInKept: boolean) {
    if (takeBack(job)) return;
    const turn: Turn = { isInKept, hasSettled: false };
    const lease = new Lease({ id: job.id, retryCount: job.retryCount }, job.holder, job.fetchedAt);
    leases.set(job.id, lease);
    lease.ended = take(job, turn, lease).finally(() => running.delete(lease));
    running.set(lease, turn);
  }

  async function fetchJobs() {
    while (!stopping.signal.aborted) {
      try {
        await giveBackUnknown();
        const most = typeof places === 'number' ? places : places();
        await fillPlaces(most, [...running.values()], begin);
        fetchedAt = performance.now();
        outages.fetching.worked();
      } catch (error) {
        noteFailure();
        outages.fetching.failed(error);
        await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
      await (running.size > 0
        ? sleep(fetchEveryMs, undefined, { signal: stopping.signal }).catch(() => undefined)
        : alarm.wait(stopping.signal.aborted ? 0 : idleFetchMs));
    }
  }

  const fetching = fetchJobs();
  const held = { leases: () => [...leases.values()], touch: claims.touch };
  const touching = touchLeases(held, ended.signal, outages.renewing);

  return {
    wakeWithin: (ms) => alarm.within(ms),
    sinceFetchMs: () => performance.now() - fetchedAt,
    handOver(graceMs, limitMs) {
      stopping.abort();
      alarm.within(0);
      return handOver({ leases, fetching, hurrying, giveBack }, graceMs, limitMs);
    },
    hurry: () => hurrying.abort(),
    async end() {
      running.clear();
      ended.abort();
      await Promise.all([fetching, touching]);
      await giving;
    },
  };
}
