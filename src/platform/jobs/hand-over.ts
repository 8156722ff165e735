import { setTimeout as sleep } from 'node:timers/promises';
import type { Lease } from './lease.ts';

/*
 * Leases are given back while requests are still answered, so that a slow client does not delay a run. A handler marks
 * work that must not be interrupted (`Wakeup.finish`), such as a paid call. A stop gives all other leases back within
 * the grace, and waits longer for the marked ones, until their own deadline. When it can wait no longer it aborts the
 * calls, and their runs become UNCERTAIN before the process ends.
 */

/** The state that a stop works on. */
export interface Stopping {
  readonly leases: ReadonlyMap<string, Lease>;
  /** The fetch under way. Its jobs belong to this process already, and must be given back with the others. */
  readonly fetching: Promise<void>;
  readonly hurrying: AbortController;
  giveBack(some: readonly Lease[]): Promise<void>;
}

/** The time that a hurried handler has to store that it was interrupted. */
const lastWriteMs = 5_000;

/**
 * Ends the handlers of a process and gives their leases back. Handlers that can be interrupted have `graceMs`. Handlers
 * that must finish have `limitMs`, if that is longer, or until they are hurried: then they only store how far they
 * came.
 */
export async function handOver(
  { leases, fetching, hurrying, giveBack }: Stopping,
  graceMs: number,
  limitMs: number,
): Promise<void> {
  const startedAt = performance.now();
  const some = (mustFinish: boolean) =>
    [...leases.values()].filter((lease) => lease.mustFinish === mustFinish);
  await within(
    graceMs,
    fetching.then(() => ended(some(false))),
  );
  await giveBack(some(false));
  await within(limitMs - (performance.now() - startedAt), ended(some(true)), hurrying.signal);
  hurrying.abort();
  await within(lastWriteMs, ended(some(true)));
  await giveBack([...leases.values()]);
}

async function ended(leases: readonly Lease[]): Promise<void> {
  await Promise.all(leases.map(({ ended }) => ended));
}

async function within(limitMs: number, end: Promise<void>, signal?: AbortSignal): Promise<void> {
  const patience = new AbortController();
  const signals = signal ? [patience.signal, signal] : [patience.signal];
  const limit = sleep(Math.max(0, limitMs), undefined, { signal: AbortSignal.any(signals) });
  await Promise.race([end, limit.catch(() => undefined)]);
  patience.abort();
}
