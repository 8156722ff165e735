import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromPrisma, PgBoss } from 'pg-boss';
import { z } from 'zod';
import { toError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { Transaction } from '../db/connect.ts';
import { type ConnectionOptions, openPool } from '../db/connections/open.ts';
import { type Claim, Lease, leaseSeconds } from './lease.ts';
import { freePlaces, type Turn } from './places.ts';

/*
 * pg-boss, and the only file that knows it. A job is a wake-up for one run and, while it is worked on, the lease
 * on that run: held by heartbeats, taken over by another process when they stop. Losing, doubling or delaying a
 * job is harmless, because the run's own row is the truth.
 */
const queue = 'advance-generation';
const touchEveryMs = 2_500;
const fetchEveryMs = 250;
const urgent = 1;
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
  /** Unfinished runs that no live job would ever wake, oldest first. */
  findForgotten(tx: Transaction, limit: number): Promise<string[]>;
  /** Stops fetching, asks the handlers to hand over, waits at most `graceMs`, and gives unfinished jobs back. */
  stop(graceMs: number): Promise<void>;
}

/** A job as it is handed out. */
interface FetchedJob extends Claim {
  readonly data: unknown;
}

type Among = { readonly minPriority?: number; readonly maxPriority?: number };

/** Connects to the queue, making its tables at first use. `log` gets what goes wrong in the background. */
export async function startJobQueue(
  databaseUrl: string,
  log: Logger,
  options: Pick<ConnectionOptions, 'timeoutMs'> = {},
): Promise<JobQueue> {
  const pool = openPool(databaseUrl, 'jobs', options);
  const boss = new PgBoss({
    db: { executeSql: (text, values) => pool.query(text, values) },
    schedule: false,
    superviseIntervalSeconds: 1,
    monitorIntervalSeconds: 1,
  });
  boss.on('error', (error) => log.warn({ err: toError(error) }, 'job queue'));
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
  let isOrdinarysTurn = false;
  const stopping = new AbortController();
  let fetching = Promise.resolve();
  let touching = Promise.resolve();

  /** The next ones, urgent ones first, of all or of some. */
  async function fetchJobs(limit: number, among: Among = {}) {
    if (limit <= 0) return [];
    return (await boss.fetch<unknown>(queue, { batchSize: limit, includeMetadata: true, ...among })) ?? [];
  }

  /**
   * Fills the free places. Some are kept for urgent wake-ups, which only take them when no other is free. Of the others
   * urgent ones come first, but for no more than half of them, and for a single one by turns: or whoever has many small
   * projects would always be first.
   */
  async function fillPlaces(places: number, start: (job: FetchedJob, isInKept: boolean) => void) {
    const free = freePlaces(places, [...running.values()]);
    let { open } = free;
    isOrdinarysTurn = !isOrdinarysTurn;
    const half = isOrdinarysTurn ? Math.floor(open / 2) : Math.ceil(open / 2);
    const fill = async (limit: number, among?: Among) => {
      const jobs = await fetchJobs(limit, among);
      for (const job of jobs) {
        start(job, open <= 0);
        open -= 1;
      }
      return jobs.length;
    };
    const count = await fill(half);
    // Less than there is room for: nothing else waits, and nothing needs to be shared.
    if (count < half) return;
    await fill(open, { maxPriority: urgent - 1 });
    await fill(Math.max(0, open) + free.kept, { minPriority: urgent });
  }

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
      await boss.complete(queue, lease.claim);
      leases.delete(id);
    } catch (error) {
      log.warn({ err: toError(error), jobId: id }, 'a wake-up failed and will be tried again');
      // A breath, so that a job that fails at once does not spin.
      await sleep(1_000, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      await boss.fail(queue, lease.claim).catch(() => undefined);
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
    while (!stopping.signal.aborted) {
      try {
        await fillPlaces(concurrency, (job, isInKept) => {
          if (takeBack(job)) return;
          const turn: Turn = { isInKept, hasSettled: false };
          const work: Promise<void> = take(job, handler, turn).finally(() => running.delete(work));
          running.set(work, turn);
        });
      } catch (error) {
        log.warn({ err: toError(error) }, 'no wake-ups could be fetched');
        await sleep(1_000, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
      await sleep(fetchEveryMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  async function touchLoop() {
    while (!stopping.signal.aborted || running.size > 0) {
      await sleep(touchEveryMs, undefined, { signal: stopping.signal }).catch(() => sleep(100));
      const held = [...leases.values()];
      if (held.length === 0) continue;
      const sentAt = performance.now();
      await boss
        .touch(
          queue,
          held.map((lease) => lease.claim),
        )
        .then(
          (answer) => {
            const alive = new Set(touched.parse(answer).settled);
            for (const lease of held) if (alive.has(lease.claim.id)) lease.touchedAt = sentAt;
          },
          (error) => log.warn({ err: toError(error) }, 'leases could not be renewed'),
        );
    }
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
      fetching = fetchLoop(handler, concurrency);
      touching = touchLoop();
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
      if (held.length > 0) await boss.fail(queue, held).catch(() => undefined);
      running.clear();
      await Promise.all([fetching, touching]);
      await boss.stop({ graceful: false });
      await pool.end();
    },
  };
}

/** A fresh wake-up's id. */
export function newWakeupId(): string {
  return randomUUID();
}
