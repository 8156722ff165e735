import { setTimeout as sleep } from 'node:timers/promises';
import { createOutage, type Logger } from '../../logger.ts';
import type { Database, Transaction } from '../db/connect.ts';
import { type Lock, underLock } from '../db/under-lock.ts';

/*
 * Work that is done again and again while a process runs.
 *
 * Why this is not pg-boss' `schedule`: one occurrence a minute is all that it can send (its throttle slot has 60 seconds), and
 * the intervals here go from half a second to settings in milliseconds. Most of the work belongs to each process, while a
 * schedule's job goes to one. Its price is no reason: the monitor sends 7 statements a minute. What must be done once in a
 * period, by whichever process, is a job with a `schedule` of `defineTask`: that is pg-boss' own throttle.
 */

/** What the loop itself needs of a process. */
export interface LoopTools {
  readonly db: Pick<Database, '$transaction'>;
  readonly log: Logger;
}

/**
 * One round. `Given` is nothing, or the transaction that holds the task's lock and when it began by the database's clock.
 * Resolves to the milliseconds until the next round, 0 for at once, where that is not the usual time.
 */
type Round<Given extends readonly unknown[]> =
  | ((signal: AbortSignal, ...given: Given) => Promise<void>)
  | ((signal: AbortSignal, ...given: Given) => Promise<number | undefined>);
type Held = readonly [tx: Transaction, now: Date];

/** A task that is done in rounds. `run` is called once in a process, and returns what a round does: so it can remember things. */
export type RegularTask<Tools> = Regular<Tools> &
  (
    | {
        /** Each process does rounds of its own. */
        readonly each: 'process';
        readonly run: (tools: Tools) => Round<[]>;
      }
    | {
        /** Of all processes on a database one does a round at a time. */
        readonly each: 'installation';
        /** The round takes a lock itself: for parts of it, or on the session that it works on. */
        readonly lock: 'its own';
        readonly run: (tools: Tools) => Round<[]>;
      }
    | {
        readonly each: 'installation';
        /** Is held for the whole round. Other processes skip theirs meanwhile. */
        readonly lock: Lock;
        readonly run: (tools: Tools) => Round<Held>;
      }
  );

interface Regular<Tools> {
  readonly name: string;
  /** From the end of a round to the next one. */
  readonly everyMs: number | ((tools: Tools) => number);
  /** Before the first round. By default it begins at once. */
  readonly firstAfterMs?: number | ((tools: Tools) => number);
  /** What the log says when rounds begin to fail, and when they succeed again. A round that fails is only late. */
  readonly words: { readonly failed: string; readonly over: string };
  /** Whether something else tells of this failure, so that the log does not say it twice. */
  readonly isToldElsewhere?: (error: unknown) => boolean;
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
      // What a stop has cut short has not failed.
      if (!signal.aborted && !task.isToldElsewhere?.(error)) outage.failed(error);
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
