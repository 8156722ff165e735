import { setTimeout as sleep } from 'node:timers/promises';
import { fromPrisma, PgBoss } from 'pg-boss';
import { z } from 'zod';
import type { Logger } from '../../logger.ts';
import type { Transaction } from '../db/connect.ts';
import { type ConnectionOptions, openPool } from '../db/connections/open.ts';
import { handOver } from './hand-over.ts';
import { type Claim, Lease, leaseSeconds, renewLeases } from './lease.ts';
import { createOutages } from './outages.ts';
import { type Among, createFill, type Turn, urgent } from './places.ts';
import type { NewWakeup, WakeupHandler } from './wakeup.ts';

/*
 * pg-boss, which only this file and `queue-tables` know. A job is a wake-up for one run and, while it is worked on, the lease
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

export interface JobQueue {
  /**
   * Adds wake-ups within the caller's transaction: they exist if, and only if, the transaction commits. An urgent one
   * comes before the others, and finds places that are kept free for its like.
   */
  send(tx: Transaction, ...wakeups: readonly NewWakeup[]): Promise<void>;
  /** Lets wake-ups that were sent before a moment, and are still to come, come now. */
  hasten(ids: readonly string[], sentBefore: Date): Promise<void>;
  /** Starts working; `concurrency` wake-ups at a time. */
  work(handler: WakeupHandler, concurrency: number): void;
  /** Why wake-ups may not be fetched now, in a few words; null when they are, or when this process does not work. */
  findProblem(): string | null;
  /** Unfinished runs that no live job would ever wake, oldest first. */
  findForgotten(tx: Transaction, limit: number): Promise<string[]>;
  /**
   * Fetches no more, and asks the handlers to hand over: at most `graceMs` for what can be handed over, and `limitMs`,
   * never less, for what must finish. Unfinished jobs are given back. Wake-ups can still be sent.
   */
  handOver(graceMs: number, limitMs?: number): Promise<void>;
  /** The same, unless it has begun, and then ends the queue's connections. */
  stop(graceMs: number, limitMs?: number): Promise<void>;
  /** Waits no longer for what must finish. */
  hurry(): void;
}

const noop = () => undefined;

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
  const outages = createOutages(log);
  boss.on('error', outages.inBackground);
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
  let handedOver: Promise<void> | undefined;
  let ended: Promise<void> | undefined;
  let fetching = Promise.resolve();
  let renewing = Promise.resolve();
  /** What is being given back, by whichever handler. The connections must outlast it. */
  let giving = Promise.resolve();
  let fetchedAt: number | undefined;

  /** The next ones, urgent ones first, of all or of some. */
  async function fetchJobs(limit: number, among: Among = {}): Promise<FetchedJob[]> {
    if (limit <= 0) return [];
    const asked = { batchSize: limit, includeMetadata: true, ...among, ...quick } as const;
    return (await boss.fetch<unknown>(queue, asked)) ?? [];
  }

  const fillPlaces = createFill(fetchJobs);

  async function take({ id, data }: FetchedJob, handler: WakeupHandler, turn: Turn, lease: Lease) {
    // A fetch was under way when the stop began.
    if (stopping.signal.aborted) return giveBack([lease]);
    const generationId = payload.safeParse(data).data?.generationId ?? null;
    let hasFinished = false;
    async function finish<Result>(work: (hurried: AbortSignal) => Promise<Result>): Promise<Result> {
      hasFinished = lease.mustFinish = true;
      return work(hurrying.signal).finally(() => {
        lease.mustFinish = false;
      });
    }
    try {
      if (generationId === null) throw new Error('A wake-up names no run.');
      const settle = () => {
        turn.hasSettled = true;
      };
      const isLeaseFresh = () => lease.isFresh();
      await handler({ id, generationId, settle, isLeaseFresh, finish }, stopping.signal);
      // The others are given back together.
      if (stopping.signal.aborted) return hasFinished ? giveBack([lease]) : undefined;
      await boss.complete(queue, lease.claim, null, quick);
      leases.delete(id);
      outages.handling.worked({ id, generationId });
    } catch (error) {
      outages.handling.failed(error, { id, generationId });
      // A breath, so that a job that fails at once does not spin.
      await sleep(1_000, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      await boss.fail(queue, lease.claim, null, quick).catch(() => undefined);
      leases.delete(id);
    }
  }

  /** Lets another process go on with these at once. */
  async function giveBack(some: readonly Lease[]) {
    for (const { claim } of some) leases.delete(claim.id);
    const held = some.map(({ claim }) => claim);
    if (held.length === 0) return;
    const given = boss.fail(queue, held, null, quick).then(noop, noop);
    giving = Promise.all([giving, given]).then(noop);
    await given;
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
        await fillPlaces(concurrency, [...running.values()], (job, isInKept) => {
          if (takeBack(job)) return;
          const turn: Turn = { isInKept, hasSettled: false };
          const lease = new Lease({ id: job.id, retryCount: job.retryCount });
          leases.set(job.id, lease);
          lease.ended = take(job, handler, turn, lease).finally(() => running.delete(lease));
          running.set(lease, turn);
        });
        fetchedAt = performance.now();
        outages.fetching.worked();
      } catch (error) {
        outages.fetching.failed(error);
        await sleep(1_000, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
      await sleep(fetchEveryMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  async function touch(claimed: readonly Claim[]): Promise<ReadonlySet<string>> {
    return new Set(touched.parse(await boss.touch(queue, [...claimed], quick)).settled);
  }

  function handOverOnce(graceMs: number, limitMs: number): Promise<void> {
    stopping.abort();
    handedOver ??= handOver({ leases, fetching, hurrying, giveBack }, graceMs, limitMs);
    return handedOver;
  }

  async function end(graceMs: number, limitMs: number): Promise<void> {
    await handOverOnce(graceMs, limitMs);
    running.clear();
    stopped.abort();
    await Promise.all([fetching, renewing]);
    await giving;
    await boss.stop({ graceful: false });
    await Promise.all([upkeep.end(), claims.end()]);
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
    async hasten(ids, sentBefore) {
      if (ids.length === 0) return;
      await upkeep.query(
        `UPDATE pgboss.job SET start_after = now() WHERE name = $1 AND id = ANY($2::uuid[]) AND state < 'active'
           AND start_after > now() AND created_on < $3`,
        [queue, ids, sentBefore],
      );
    },
    work(handler, concurrency) {
      fetchedAt = performance.now();
      fetching = fetchLoop(handler, concurrency);
      const held = { leases: () => [...leases.values()], touch };
      renewing = renewLeases(held, stopped.signal, outages.renewing);
    },
    findProblem() {
      const sinceMs = fetchedAt === undefined ? 0 : performance.now() - fetchedAt;
      return sinceMs < lateAfterMs ? null : `none fetched for ${Math.floor(sinceMs / 1_000)} s`;
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
    handOver: (graceMs, limitMs = graceMs) => handOverOnce(graceMs, limitMs),
    stop(graceMs, limitMs = graceMs) {
      ended ??= end(graceMs, limitMs);
      return ended;
    },
    hurry: () => hurrying.abort(),
  };
}
