import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromPrisma, PgBoss } from 'pg-boss';
import { z } from 'zod';
import { toError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { Transaction } from '../db/connect.ts';
import { handOver } from './hand-over.ts';
import { type Claim, Lease, leaseSeconds } from './lease.ts';
import { type Among, createFiller, freePlaces, type Turn } from './places.ts';

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
  /**
   * Does what must not be left halfway: a stop waits for it. The signal aborts when the stop can wait no longer; then the
   * work has a few seconds to write down how far it came.
   */
  finish<Result>(work: (hurried: AbortSignal) => Promise<Result>): Promise<Result>;
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
  /** Fetches no more, and asks the handlers to hand over. */
  rest(): void;
  /**
   * The same, and waits: at most `graceMs` for what can be handed over, and `limitMs`, never less, for what must finish.
   * Unfinished jobs are given back.
   */
  stop(graceMs: number, limitMs?: number): Promise<void>;
  /** Waits no longer for what must finish. */
  hurry(): void;
}

/** A job as it is handed out. */
interface FetchedJob extends Claim {
  readonly data: unknown;
}

/** Connects to the queue, making its tables at first use. `log` gets what goes wrong in the background. */
export async function startJobQueue(databaseUrl: string, log: Logger): Promise<JobQueue> {
  const boss = new PgBoss({
    connectionString: databaseUrl,
    application_name: 'dramatis-jobs',
    max: 4,
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
  const running = new Map<Lease, Turn>();
  const stopping = new AbortController();
  const hurrying = new AbortController();
  const stopped = new AbortController();
  let fetching = Promise.resolve();
  let touching = Promise.resolve();

  /** The next ones, urgent ones first, of all or of some. */
  async function fetchJobs(limit: number, among: Among = {}) {
    if (limit <= 0) return [];
    return (await boss.fetch<unknown>(queue, { batchSize: limit, includeMetadata: true, ...among })) ?? [];
  }

  const fill = createFiller(fetchJobs, urgent);

  async function take({ id, data }: FetchedJob, handler: WakeupHandler, turn: Turn, lease: Lease) {
    let hasFinished = false;
    async function finish<Result>(work: (hurried: AbortSignal) => Promise<Result>): Promise<Result> {
      hasFinished = lease.mustFinish = true;
      return work(hurrying.signal).finally(() => {
        lease.mustFinish = false;
      });
    }
    try {
      const { generationId } = payload.parse(data);
      const settle = () => {
        turn.hasSettled = true;
      };
      const isLeaseFresh = () => lease.isFresh();
      await handler({ id, generationId, settle, isLeaseFresh, finish }, stopping.signal);
      // The others are given back together.
      if (stopping.signal.aborted) return hasFinished ? giveBack([lease]) : undefined;
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

  /** Lets another process go on with these at once. */
  async function giveBack(some: readonly Lease[]) {
    for (const { claim } of some) leases.delete(claim.id);
    const held = some.map(({ claim }) => claim);
    if (held.length > 0) await boss.fail(queue, held).catch(() => undefined);
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
        await fill(freePlaces(concurrency, [...running.values()]), (job, isInKept) => {
          if (takeBack(job)) return;
          const turn: Turn = { isInKept, hasSettled: false };
          const lease = new Lease({ id: job.id, retryCount: job.retryCount });
          leases.set(job.id, lease);
          lease.ended = take(job, handler, turn, lease).finally(() => running.delete(lease));
          running.set(lease, turn);
        });
      } catch (error) {
        log.warn({ err: toError(error) }, 'no wake-ups could be fetched');
        await sleep(1_000, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
      await sleep(fetchEveryMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  async function touchLoop() {
    while (!stopped.signal.aborted) {
      await sleep(touchEveryMs, undefined, { signal: stopped.signal }).catch(() => undefined);
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
    rest: () => stopping.abort(),
    async stop(graceMs, limitMs = graceMs) {
      stopping.abort();
      await handOver({ leases, fetching, hurrying, giveBack }, graceMs, limitMs);
      running.clear();
      stopped.abort();
      await Promise.all([fetching, touching]);
      await boss.stop({ graceful: false });
    },
    hurry: () => hurrying.abort(),
  };
}

/** A fresh wake-up's id. */
export function newWakeupId(): string {
  return randomUUID();
}
