import { setTimeout as sleep } from 'node:timers/promises';
import type { Outage } from '../../logger.ts';

/** The shortest lease that pg-boss allows. */
export const leaseSeconds = 10;

/** A claim on a job: the job's id, and the number of its retry. */
export interface Claim {
  readonly id: string;
  readonly retryCount: number;
}

/** The right of a worker to work on a job. */
export class Lease {
  /** The present claim. */
  claim: Claim;
  /** The last moment at which the claim was known to be valid. */
  touchedAt = performance.now();
  /** Whether its handler does work that must not be interrupted. */
  mustFinish = false;
  /** Resolves when its handler has returned or thrown. */
  ended: Promise<void> = Promise.resolve();
  private readonly first: Claim;

  /** Makes a lease with its first claim. */
  constructor(claim: Claim) {
    this.claim = claim;
    this.first = claim;
  }

  /** Continues with a new claim: heartbeats came late, and this process was the first to fetch the job again. */
  takeBack(claim: Claim): void {
    this.claim = claim;
    this.touchedAt = performance.now();
  }

  /** Whether the lease is still held. False for ever once it was lost, because another process may have had the job. */
  isFresh(): boolean {
    return this.claim === this.first && performance.now() - this.touchedAt < (leaseSeconds - 2) * 1_000;
  }
}

const touchEveryMs = 2_500;
/** The delay after a failed heartbeat. It is short, because the leases end soon. */
const touchAgainMs = 250;

/** The held leases, and the call that renews them. */
export interface Held {
  leases(): readonly Lease[];
  /** Resolves to the ids of the jobs whose claims are still valid. */
  touch(claims: readonly Claim[]): Promise<ReadonlySet<string>>;
}

/** Sends heartbeats for all leases until `signal` aborts. */
export async function renewLeases(held: Held, signal: AbortSignal, outage: Outage): Promise<void> {
  let waitMs = touchEveryMs;
  while (!signal.aborted) {
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    waitMs = touchEveryMs;
    const leases = held.leases();
    if (leases.length === 0 || signal.aborted) continue;
    const sentAt = performance.now();
    try {
      const alive = await held.touch(leases.map((lease) => lease.claim));
      for (const lease of leases) if (alive.has(lease.claim.id)) lease.touchedAt = sentAt;
      outage.worked();
    } catch (error) {
      outage.failed(error);
      waitMs = touchAgainMs;
    }
  }
}
