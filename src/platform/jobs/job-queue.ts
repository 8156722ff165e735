import { fromPrisma, PgBoss } from 'pg-boss';
import type { Logger } from '../../logger.ts';
import type { Transaction } from '../db/connect.ts';
import { type ConnectionOptions, openPool } from '../db/connections/open.ts';
import { createClaims } from './claims.ts';
import { type Holding, leaseSeconds, startHolding } from './holder.ts';
import type { Claim, JobHandler, JobKind, NewJob, QueueSettings } from './job.ts';
import { type JobRunner, startJobRunner } from './job-runner.ts';
import { createHoldingOutage, logUpkeep } from './outages.ts';
import { urgent } from './places.ts';
import { tendJobTable } from './queue-tables.ts';

/*
 * The jobs of all kinds, kept by pg-boss: each kind is a separate queue. A job that is worked on is a lease: its process
 * renews all its leases with one row, and another process takes them over when it stops. So a job may be done twice,
 * and its handler must allow this.
 *
 * Each pass of pg-boss' supervision sends some twenty statements, so it is rare. No takeover waits for it.
 */

/** A worker is not ready when its last fetch is longer ago than this. */
const lateAfterMs = 5_000;
/** How long the row of an ended job is kept. */
const keptSeconds = 600;
const superviseSeconds = 10;
const removeSeconds = 120;
/** No job depends on another one, so pg-boss has nothing to look for. */
const flowSeconds = 3_600;
/** A job that was sent is fetched after this time: by then its transaction has mostly been committed. */
const committedMs = 25;
/** Without `retry` a job is tried until it succeeds. */
const endless = { retryLimit: 100_000, retryDelay: 0 };
/** The key of jobs that a schedule has sent. */
const scheduled = 'schedule';

export interface JobQueue {
  /** Adds jobs within the caller's transaction: they exist if, and only if, the transaction commits. */
  send<Payload extends object>(
    tx: Transaction,
    kind: JobKind<Payload>,
    ...jobs: readonly NewJob<Payload>[]
  ): Promise<void>;
  /**
   * Adds a job, unless one was added in this period: the database's time is divided into periods of `everySeconds`. So
   * when many processes call it, one of them adds the job.
   */
  sendOncePer<Payload extends object>(
    kind: JobKind<Payload>,
    everySeconds: number,
    payload: Payload,
  ): Promise<void>;
  /** Makes delayed jobs due now, if they were sent before a moment. */
  hasten(kind: Pick<JobKind<never>, 'name'>, ids: readonly string[], sentBefore: Date): Promise<void>;
  /**
   * Starts working on the jobs of a kind; `places` of them at a time. A function is called before each fetch. With
   * `leavesRoom` fewer jobs begin while the event loop is busy.
   */
  work<Payload extends object>(
    kind: JobKind<Payload>,
    handler: JobHandler<Payload>,
    places: number | (() => number),
    leavesRoom?: boolean,
  ): void;
  /** Fetches at once: another process may have sent jobs. */
  wake(): void;
  /** The problem when no jobs were fetched for too long; null without a problem, or when this process does not work. */
  findProblem(): string | null;
  /**
   * Stops fetching, and asks the handlers to hand over. Handlers that can be interrupted have `graceMs`, handlers that
   * must finish have `limitMs`, if that is longer. Unfinished jobs are given back. Jobs can still be sent.
   */
  handOver(graceMs: number, limitMs?: number): Promise<void>;
  /** Hands over, unless that has begun, and then ends the queue's connections. */
  stop(graceMs: number, limitMs?: number): Promise<void>;
  /** No longer waits for handlers that must finish. */
  hurry(): void;
}

/**
 * Connects to the queue of a database, and makes the tables at first use. Jobs of these kinds can be sent. `log` gets
 * the failures of work in the background.
 */
export async function startJobQueue(
  databaseUrl: string,
  kinds: readonly QueueSettings<never>[],
  log: Logger,
  options: Pick<ConnectionOptions, 'timeoutMs'> = {},
): Promise<JobQueue> {
  const upkeep = openPool(databaseUrl, 'jobs', options);
  const claims = openPool(databaseUrl, 'leases', options);
  const boss = new PgBoss({
    db: { executeSql: (text, values) => upkeep.query(text, values) },
    schedule: false,
    superviseIntervalSeconds: superviseSeconds,
    monitorIntervalSeconds: superviseSeconds,
    maintenanceIntervalSeconds: removeSeconds,
    flowIntervalSeconds: flowSeconds,
  });
  boss.on('error', (failure) => logUpkeep(log, failure));
  await boss.start();
  await tendJobTable(upkeep);
  for (const kind of kinds) await makeQueue(boss, kind);

  const runners: JobRunner[] = [];
  let holding: Holding | undefined;
  let handedOver: Promise<void> | undefined;
  let ended: Promise<void> | undefined;

  function handOver(graceMs: number, limitMs: number): Promise<void> {
    handedOver ??= Promise.all(runners.map((runner) => runner.handOver(graceMs, limitMs))).then(noop);
    return handedOver;
  }

  function wakeWithin(ms: number): void {
    for (const runner of runners) runner.wakeWithin(ms);
  }

  async function giveBack(name: string, lost: readonly Claim[]): Promise<void> {
    await boss.fail(name, [...lost], null);
    wakeWithin(0);
  }

  async function end(graceMs: number, limitMs: number): Promise<void> {
    await handOver(graceMs, limitMs);
    await Promise.all(runners.map((runner) => runner.end()));
    await holding?.end();
    await boss.stop({ graceful: false });
    await Promise.all([upkeep.end(), claims.end()]);
  }

  return {
    async send(tx, kind, ...jobs) {
      const rows = jobs.map(({ id, payload, delayMs = 0, isUrgent = false }) => ({
        ...(id === undefined ? {} : { id }),
        ...carry(kind, payload),
        priority: isUrgent ? urgent : 0,
        ...(delayMs > 0 ? { startAfter: delayMs / 1_000 } : {}),
      }));
      await boss.insert(kind.name, rows, { db: fromPrisma(tx) });
      for (const { delayMs = 0 } of jobs) wakeWithin(delayMs + committedMs);
    },
    async sendOncePer(kind, everySeconds, payload) {
      // The row is kept at least for the period, because it keeps another job of the period from being added.
      const once = { singletonKey: scheduled, singletonSeconds: everySeconds };
      const deleteAfterSeconds = Math.max(keptSeconds, everySeconds);
      await boss.insert(kind.name, [{ ...carry(kind, payload), ...once, deleteAfterSeconds }]);
      wakeWithin(0);
    },
    async hasten({ name }, ids, sentBefore) {
      if (ids.length === 0) return;
      await upkeep.query(
        `UPDATE pgboss.job SET start_after = now() WHERE name = $1 AND id = ANY($2::uuid[]) AND state < 'active'
           AND start_after > now() AND created_on < $3`,
        [name, ids, sentBefore],
      );
      wakeWithin(0);
    },
    work(kind, handler, places, leavesRoom = false) {
      if (handedOver) return;
      holding ??= startHolding(claims, giveBack, createHoldingOutage(log));
      const own = createClaims(boss, claims, holding, kind);
      runners.push(startJobRunner(own, kind, { handler, places, leavesRoom }, log));
    },
    wake: () => wakeWithin(0),
    findProblem() {
      const sinceMs = Math.max(0, ...runners.map((runner) => runner.sinceFetchMs()));
      return sinceMs < lateAfterMs ? null : `none fetched for ${Math.floor(sinceMs / 1_000)} s`;
    },
    handOver: (graceMs, limitMs = graceMs) => handOver(graceMs, limitMs),
    stop(graceMs, limitMs = graceMs) {
      ended ??= end(graceMs, limitMs);
      return ended;
    },
    hurry() {
      for (const runner of runners) runner.hurry();
    },
  };
}

function noop(): void {}

/** Makes the queue of a kind, unless it exists. */
async function makeQueue(boss: PgBoss, { name, retry }: QueueSettings<never>): Promise<void> {
  await boss.createQueue(name, {
    heartbeatSeconds: leaseSeconds,
    expireInSeconds: 86_399,
    deleteAfterSeconds: keptSeconds,
    ...(retry ? retrySettings(retry) : endless),
  });
}

function retrySettings({ limit, delaySeconds, longestDelaySeconds }: NonNullable<JobKind<never>['retry']>) {
  const growing =
    longestDelaySeconds === undefined ? {} : { retryBackoff: true, retryDelayMax: longestDelaySeconds };
  return { retryLimit: limit, retryDelay: delaySeconds, ...growing };
}

/** The payload and the group of a job, as pg-boss takes them. */
function carry<Payload extends object>({ fairness }: JobKind<Payload>, payload: Payload) {
  return { data: payload, ...(fairness ? { group: { id: fairness.key(payload) } } : {}) };
}
