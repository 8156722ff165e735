import { setTimeout as sleep } from 'node:timers/promises';
import type { Outage } from '../../logger.ts';
import type { Holder } from './holder.ts';
import type { Claim } from './job.ts';

/**
 * How long pg-boss leaves a job to its holder without a heartbeat of the job itself. The row of the holder is what a
 * takeover depends on. This limit is for jobs whose holder no process can judge, for example when only an older build
 * runs after the holder was killed.
 */
export const unjudgedSeconds = 900;
/** A job gets its heartbeat this long after the last one. Each costs up to 4.5 kB of WAL, because it moves the row. */
const touchAfterMs = 450_000;
const touchMarginMs = 20_000;

/** The right of a worker to work on a job. It is valid as long as the holder is. */
export class Lease {
  /** The present claim. */
  claim: Claim;
  /** Whether its handler does work that must not be interrupted. */
  mustFinish = false;
  /** Resolves when its handler has returned or thrown. */
  ended: Promise<void> = Promise.resolve();
  /** When the last heartbeat of the job itself was sent, or the fetch. */
  touchedAt: number;
  private readonly first: Claim;
  private readonly holder: Holder;

  /** Makes a lease with its first claim, which a fetch at `fetchedAt` has made for a holder. */
  constructor(claim: Claim, holder: Holder, fetchedAt: number) {
    this.claim = claim;
    this.first = claim;
    this.holder = holder;
    this.touchedAt = fetchedAt;
  }

  /** Continues with a new claim: the holder was over, and this process was the first to fetch the job again. */
  takeBack(claim: Claim, fetchedAt: number): void {
    this.claim = claim;
    this.touchedAt = fetchedAt;
  }

  /** Whether the lease is still held. False for ever once it was lost, because another process may have had the job. */
  isFresh(): boolean {
    return (
      this.claim === this.first &&
      this.holder.isFresh() &&
      performance.now() - this.touchedAt < unjudgedSeconds * 1_000 - touchMarginMs
    );
  }

  /** Whether the job itself needs a heartbeat. */
  isDue(): boolean {
    return performance.now() - this.touchedAt > touchAfterMs;
  }
}

const lookEveryMs = 5_000;

/** The held leases, and the call that sends the heartbeats of jobs. */
export interface Held {
  leases(): readonly Lease[];
  /** Resolves to the ids of the jobs whose claims are still valid. */
  touch(claims: readonly Claim[]): Promise<ReadonlySet<string>>;
}

/** Sends the heartbeats of the jobs themselves, every 450 seconds for each job, until `signal` aborts. */
export async function touchLeases(held: Held, signal: AbortSignal, outage: Outage): Promise<void> {
  while (!signal.aborted) {
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
    const due = held.leases().filter((lease) => lease.isDue());
    if (due.length === 0 || signal.aborted) continue;
    const sentAt = performance.now();
    try {
      const alive = await held.touch(due.map((lease) => lease.claim));
      for (const lease of due) if (alive.has(lease.claim.id)) lease.touchedAt = sentAt;
      outage.worked();
    } catch (error) {
      outage.failed(error);
    }
  }
}
