import { setTimeout as sleep } from 'node:timers/promises';
import { createOutage, type Logger } from '../../logger.ts';
import type { Database, Transaction } from '../db/connect.ts';
import { type Lock, underLock } from '../db/under-lock.ts';

/*
 * Work that is repeated while a process runs.
 *
 * Why this is not pg-boss' `schedule`: that sends at most one job a minute (its throttle slot has 60 seconds), and the
 * intervals here go from half a second to settings in milliseconds. Most of the work must be done by each process,
 * while a job of a schedule goes to one process. The cost is no reason: the monitor of pg-boss sends 7 statements a
 * minute. Work that one process must do once in a period is a job with a `schedule` of `defineTask`, which uses the
 * throttle of pg-boss.
 */

/** The tools of a process that the loop itself needs. */
export interface LoopTools {
  readonly db: Pick<Database, '$transaction'>;
  readonly log: Logger;
}

/**
 * One round. `Given` is empty, or the transaction that holds the task's lock and the moment when it began by the
 * database's clock. Resolves to the milliseconds until the next round, 0 for at once; undefined for the usual time.
 */
type Round<Given extends readonly unknown[]> =
  | ((signal: AbortSignal, ...given: Given) => Promise<void>)
  | ((signal: AbortSignal, ...given: Given) => Promise<number | undefined>);
type Held = readonly [tx: Transaction, now: Date];

/**
 * A task that is done in rounds. `run` is called once in a process and returns the round, so that a task can keep
 * state.
 */
export type RegularTask<Tools> = Regular<Tools> &
  (
    | {
        /** Each process does its own rounds. */
        readonly each: 'process';
        readonly run: (tools: Tools) => Round<[]>;
      }
    | {
        /** One process of all on a database does a round at a time. */
        readonly each: 'installation';
        /** The round takes a lock itself: for parts of the round, or on the session that it works on. */
        readonly lock: 'its own';
        readonly run: (tools: Tools) => Round<[]>;
      }
    | {
        readonly each: 'installation';
        /** Held for the whole round. Other processes skip their round meanwhile. */
        readonly lock: Lock;
        readonly run: (tools: Tools) => Round<Held>;
      }
  );

interface Regular<Tools> {
  readonly name: string;
  /** The time from the end of a round to the next round. */
  readonly everyMs: number | ((tools: Tools) => number);
  /** The time before the first round. By default it begins at once. */
  readonly firstAfterMs?: number | ((tools: Tools) => number);
  /** The log lines when rounds begin to fail, and when they succeed again. */
  readonly words: { readonly failed: string; readonly over: string };
  /** Whether another part logs this failure, so that the log does not have it twice. */
  readonly isLoggedElsewhere?: (error: unknown) => boolean;
}

/** Does the rounds of a task until `signal` aborts. */
export async function doRounds<Tools extends LoopTools>(
  task: RegularTask<Tools>,
  tools: Tools,
  signal: AbortSignal,
): Promise<void> {
  const outage = createOutage(tools.log, task.words);
  const rest = async (time: number | ((tools: Tools) => number)) => {
    const ms = typeof time === 'number' ? time : time(tools);
    if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => undefined);
  };
  const round = roundOf(task, tools);
  await rest(task.firstAfterMs ?? 0);
  while (!signal.aborted) {
    let next: unknown;
    try {
      next = await round(signal);
      outage.worked();
    } catch (error) {
      // A round that a stop has interrupted has not failed.
      if (!signal.aborted && !task.isLoggedElsewhere?.(error)) outage.failed(error);
    }
    await rest(typeof next === 'number' ? next : task.everyMs);
  }
}

function roundOf<Tools extends LoopTools>(
  task: RegularTask<Tools>,
  tools: Tools,
): (signal: AbortSignal) => Promise<unknown> {
  if (task.each === 'process' || task.lock === 'its own') return task.run(tools);
  const { lock } = task;
  const round = task.run(tools);
  return (signal) => underLock(tools.db, lock, async (tx, now) => round(signal, tx, now));
}
