import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../logger.ts';
import type { Claims, FetchedJob } from './claims.ts';
import { handOver } from './hand-over.ts';
import type { JobHandler, JobKind } from './job.ts';
import { Lease, renewLeases } from './lease.ts';
import { createOutages } from './outages.ts';
import { createFill, type Turn } from './places.ts';

/*
 * Works on the jobs of one kind in one process: fetches them as places become free, keeps their leases, and gives them back
 * at a stop.
 *
 * Why this is not pg-boss' `work`: each of its `localConcurrency` workers fetches by itself, and sends the heartbeats of its
 * own job. Measured: idle, 100 of them send 200 statements a second, at the shortest interval, which is half a second; with
 * 100 jobs at work they send 20 heartbeats a second. A job may keep its place while it mostly waits, so a process has 5,000
 * places. For any number of places this loop sends 4 fetches a second, and one heartbeat for all leases every 2.5 seconds.
 * At a stop `work` waits for all handlers until one limit: it cannot give back what may end anywhere while it waits for what
 * must finish. And it keeps no places for urgent jobs. `groupConcurrency` belongs to `fetch`, so fairness is pg-boss' own.
 */
const fetchEveryMs = 250;
/** A breath, so that a job that fails at once does not spin; and before the database is asked again after a failure. */
const breathMs = 1_000;

/** The work of a process on the jobs of one kind. */
export interface JobRunner {
  /** How long ago jobs were fetched last, in milliseconds. */
  sinceFetchMs(): number;
  /** Fetches no more and ends the handlers: see `JobQueue.handOver`. */
  handOver(graceMs: number, limitMs: number): Promise<void>;
  /** Waits no longer for what must finish. */
  hurry(): void;
  /** After `handOver`: ends the loops, and waits until everything has been given back. */
  end(): Promise<void>;
}

/** Begins to work on the jobs of a kind, so many at a time. */
export function startJobRunner<Payload extends object>(
  claims: Claims,
  kind: JobKind<Payload>,
  { handler, places }: { readonly handler: JobHandler<Payload>; readonly places: number },
  log: Logger,
): JobRunner {
  const outages = createOutages(log, kind.words);
  const leases = new Map<string, Lease>();
  const running = new Map<Lease, Turn>();
  const stopping = new AbortController();
  const hurrying = new AbortController();
  const ended = new AbortController();
  /** What is being given back, by whichever handler. The connections must outlast it. */
  let giving = Promise.resolve();
  let fetchedAt = performance.now();
  const fillPlaces = createFill(claims.fetch, kind.hasUrgent ?? false);

  async function take(fetched: FetchedJob, turn: Turn, lease: Lease) {
    // A fetch was under way when the stop began.
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
      // The others are given back together.
      if (stopping.signal.aborted) return hasFinished ? giveBack([lease]) : undefined;
      await claims.complete(lease.claim);
      leases.delete(id);
      outages.handling.worked(troubled);
    } catch (error) {
      outages.handling.failed(error, {
        ...troubled,
        isLastTry: lease.claim.retryCount >= fetched.retryLimit,
      });
      await sleep(breathMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      await claims.fail([lease.claim]).catch(() => undefined);
      leases.delete(id);
    }
  }

  /** Lets another process go on with these at once. */
  async function giveBack(some: readonly Lease[]) {
    for (const { claim } of some) leases.delete(claim.id);
    if (some.length === 0) return;
    const given = claims.fail(some.map(({ claim }) => claim)).catch(() => undefined);
    giving = Promise.all([giving, given]).then(() => undefined);
    await given;
  }

  /**
   * Whether we work on the job already: its heartbeats came late, and we were the first to get it again. The handler that
   * works on it goes on, or each outage of the database would double what is under way.
   */
  function takeBack({ id, retryCount }: FetchedJob): boolean {
    const lease = leases.get(id);
    lease?.takeBack({ id, retryCount });
    return lease !== undefined;
  }

  function begin(job: FetchedJob, isInKept: boolean) {
    if (takeBack(job)) return;
    const turn: Turn = { isInKept, hasSettled: false };
    const lease = new Lease({ id: job.id, retryCount: job.retryCount });
    leases.set(job.id, lease);
    lease.ended = take(job, turn, lease).finally(() => running.delete(lease));
    running.set(lease, turn);
  }

  async function fetchJobs() {
    while (!stopping.signal.aborted) {
      try {
        await fillPlaces(places, [...running.values()], begin);
        fetchedAt = performance.now();
        outages.fetching.worked();
      } catch (error) {
        outages.fetching.failed(error);
        await sleep(breathMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
      await sleep(fetchEveryMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  const fetching = fetchJobs();
  const held = { leases: () => [...leases.values()], touch: claims.touch };
  const renewing = renewLeases(held, ended.signal, outages.renewing);

  return {
    sinceFetchMs: () => performance.now() - fetchedAt,
    handOver(graceMs, limitMs) {
      stopping.abort();
      return handOver({ leases, fetching, hurrying, giveBack }, graceMs, limitMs);
    },
    hurry: () => hurrying.abort(),
    async end() {
      running.clear();
      ended.abort();
      await Promise.all([fetching, renewing]);
      await giving;
    },
  };
}
