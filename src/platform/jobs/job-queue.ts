import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromPrisma, PgBoss } from 'pg-boss';
import { z } from 'zod';
import { toError } from '../../errors.ts';
import { createOutage, type Logger } from '../../logger.ts';
import type { Transaction } from '../db/connect.ts';
import { type ConnectionOptions, openPool } from '../db/connections/open.ts';
import { isTransient } from '../db/transient.ts';
import { type Claim, Lease, leaseSeconds, renewLeases } from './lease.ts';
import { type Among, createFill, type Turn, urgent } from './places.ts';

/*
 * pg-boss, and the only file that knows it. A job is a wake-up for one run and, while it is worked on, the lease
 * on that run: held by heartbeats, taken over by another process when they stop. Losing, doubling or delaying a
 * job is harmless, because the run's own row is the truth.
 */
const queue = 'advance-generation';
const fetchEveryMs = 250;
/** A worker that has fetched nothing for so long is not ready. */
const lateAfterMs = 5_000;
/** pg-boss answers which leases still stood; its types do not say so. */
const touched = z.object({ settled: z.array(z.string()).default([]) });
const payload = z.object({ generationId: z.uuid() });

/** A run's turn, as the worker gets it. */
export interface Wakeup {
  readonly id: string;
  readonly generationId: string;
  /**
   * Says that the run is on its way: from here on it mostly waits, and the next may be begun. It keeps its place and its
   * lease.
   */
  settle(): void;
  /** False when our own heartbeats came late: another process may have taken the run over. */
  isLeaseFresh(): boolean;
}

/** A turn to be given to a run. */
export interface NewWakeup {
  readonly id: string;
  readonly generationId: string;
  readonly delayMs?: number;
  readonly isUrgent?: boolean;
}

export type WakeupHandler = (wakeup: Wakeup, signal: AbortSignal) => Promise<void>;

export interface JobQueue {
  /**
   * Adds wake-ups within the caller's transaction: they exist if, and only if, the transaction commits. An urgent one
   * comes before the others, and finds places that are kept free for its like.
   */
  send(tx: Transaction, ...wakeups: readonly NewWakeup[]): Promise<void>;
  /** Starts working; `concurrency` wake-ups at a time. */
  work(handler: WakeupHandler, concurrency: number): void;
  /** Why wake-ups may not be fetched now, in a few words; null when they are, or when this process does not work. */
  findProblem(): string | null;
  /** Begins no more wake-ups, for good. What is under way goes on. */
  rest(): void;
  /** Unfinished runs that no live job would ever wake, oldest first. */
  findForgotten(tx: Transaction, limit: number): Promise<string[]>;
  /** Stops fetching, asks the handlers to hand over, waits at most `graceMs`, and gives unfinished jobs back. */
  stop(graceMs: number): Promise<void>;
}

/** A job as it is handed out. */
interface FetchedJob extends Claim {
  readonly data: unknown;
}

/** Connects to the queue, making its tables at first use. `log` gets what goes wrong in the background. */
export async function startJobQueue(
  databaseUrl: string,
  log: Logger,
  options: Pick<ConnectionOptions, 'timeoutMs'> = {},
): Promise<JobQueue> {
  const upkeep = openPool(databaseUrl, 'jobs', options);
  const claims = openPool(databaseUrl, 'leases', options);
  /** For what a lease depends on: given up long before a lease ends, when there is no answer. */
  const quick = { db: { executeSql: (text: string, values?: unknown[]) => claims.query(text, values) } };
  const boss = new PgBoss({
    db: { executeSql: (text, values) => upkeep.query(text, values) },
    schedule: false,
    superviseIntervalSeconds: 1,
    monitorIntervalSeconds: 1,
  });
  // While the database is away the loops below say so, once.
  boss.on('error', (error) => {
    if (!isTransient(error)) log.warn({ err: toError(error) }, 'job queue');
  });
  await boss.start();
  await boss.createQueue(queue, {
    heartbeatSeconds: leaseSeconds,
    expireInSeconds: 86_399,
    retryLimit: 100_000,
    retryDelay: 0,
    deleteAfterSeconds: 600,
  });

  const leases = new Map<string, Lease>();
  const running = new Map<Promise<void>, Turn>();
  let isResting = false;
  const stopping = new AbortController();
  let fetching = Promise.resolve();
  let renewing = Promise.resolve();
  let fetchedAt: number | undefined;
  const fetchOutage = createOutage(log, {
    failed: 'no wake-ups can be fetched',
    over: 'wake-ups are fetched again',
  });
  const leaseOutage = createOutage(log, {
    failed: 'leases cannot be renewed',
    over: 'leases are renewed again',
  });

  /** The next ones, urgent ones first, of all or of some. */
  async function fetchJobs(limit: number, among: Among = {}): Promise<FetchedJob[]> {
    if (limit <= 0) return [];
    const asked = { batchSize: limit, includeMetadata: true, ...among, ...quick } as const;
    return (await boss.fetch<unknown>(queue, asked)) ?? [];
  }

  const fillPlaces = createFill(fetchJobs);

  async function take({ id, retryCount, data }: FetchedJob, handler: WakeupHandler, turn: Turn) {
    const lease = new Lease({ id, retryCount });
    leases.set(id, lease);
    try {
      const { generationId } = payload.parse(data);
      const settle = () => {
        turn.hasSettled = true;
      };
      await handler({ id, generationId, settle, isLeaseFresh: () => lease.isFresh() }, stopping.signal);
      if (stopping.signal.aborted) return;
      await boss.complete(queue, lease.claim, null, quick);
      leases.delete(id);
    } catch (error) {
      log.warn({ err: toError(error), jobId: id }, 'a wake-up failed and will be tried again');
      // A breath, so that a job that fails at once does not spin.
      await sleep(1_000, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      await boss.fail(queue, lease.claim, null, quick).catch(() => undefined);
      leases.delete(id);
    }
  }

  /**
   * Whether we work on the job already: its heartbeats came late, and we were the first to get it again. Whoever works on
   * it goes on, or each outage of the database would double what is under way.
   */
  function takeBack({ id, retryCount }: FetchedJob): boolean {
    const lease = leases.get(id);
    lease?.takeBack({ id, retryCount });
    return lease !== undefined;
  }

  async function fetchLoop(handler: WakeupHandler, concurrency: number) {
    while (!stopping.signal.aborted && !isResting) {
      try {
        await fillPlaces(concurrency, [...running.values()], (job, isInKept) => {
          if (takeBack(job)) return;
          const turn: Turn = { isInKept, hasSettled: false };
          const work: Promise<void> = take(job, handler, turn).finally(() => running.delete(work));
          running.set(work, turn);
        });
        fetchedAt = performance.now();
        fetchOutage.worked();
      } catch (error) {
        fetchOutage.failed(error);
        await sleep(1_000, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
      await sleep(fetchEveryMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  async function touch(claimed: readonly Claim[]): Promise<ReadonlySet<string>> {
    return new Set(touched.parse(await boss.touch(queue, [...claimed], quick)).settled);
  }

  return {
    async send(tx, ...wakeups) {
      const jobs = wakeups.map(({ id, generationId, delayMs = 0, isUrgent = false }) => ({
        id,
        data: { generationId },
        priority: isUrgent ? urgent : 0,
        ...(delayMs > 0 ? { startAfter: delayMs / 1_000 } : {}),
      }));
      await boss.insert(queue, jobs, { db: fromPrisma(tx) });
    },
    work(handler, concurrency) {
      fetchedAt = performance.now();
      fetching = fetchLoop(handler, concurrency);
      const isOver = () => stopping.signal.aborted && running.size === 0;
      const held = { leases: () => [...leases.values()], touch, isOver };
      renewing = renewLeases(held, stopping.signal, leaseOutage);
    },
    findProblem() {
      const sinceMs = fetchedAt === undefined ? 0 : performance.now() - fetchedAt;
      return sinceMs < lateAfterMs ? null : `none fetched for ${Math.floor(sinceMs / 1_000)} s`;
    },
    rest() {
      isResting = true;
    },
    async findForgotten(tx, limit) {
      const rows = await tx.$queryRaw<{ id: string }[]>`
        SELECT g.id::text AS id FROM generations g
        WHERE (g.holds_slot OR g.status IN ('SUBMITTING', 'SUBMITTED', 'PROCESSING', 'STORING'))
          AND g.status <> 'UNCERTAIN'
          AND NOT EXISTS (SELECT 1 FROM pgboss.job j WHERE j.name = ${queue} AND j.id = g.wakeup_id AND j.state < 'completed')
        ORDER BY g.requested_at LIMIT ${limit}`;
      return rows.map((row) => row.id);
    },
    async stop(graceMs) {
      stopping.abort();
      const patience = new AbortController();
      await Promise.race([
        // What is being fetched is ours already, and must be given back with the rest.
        fetching.then(() => Promise.allSettled([...running.keys()])),
        sleep(graceMs, undefined, { signal: patience.signal }).catch(() => undefined),
      ]);
      patience.abort();
      const held = [...leases.values()].map((lease) => lease.claim);
      if (held.length > 0) await boss.fail(queue, held, null, quick).catch(() => undefined);
      running.clear();
      await Promise.all([fetching, renewing]);
      await boss.stop({ graceful: false });
      await Promise.all([upkeep.end(), claims.end()]);
    },
  };
}

/** A fresh wake-up's id. */
export function newWakeupId(): string {
  return randomUUID();
}
