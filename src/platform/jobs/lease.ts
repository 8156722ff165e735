import { setTimeout as sleep } from 'node:timers/promises';
import type { Outage } from '../../logger.ts';

/** The shortest lease pg-boss knows. */
export const leaseSeconds = 10;

/** A job, and which claim on it this is. */
export interface Claim {
  readonly id: string;
  readonly retryCount: number;
}

/** What a worker has on a run while it works on it. */
export class Lease {
  /** The claim that stands now. */
  claim: Claim;
  /** When it was last known to stand. */
  touchedAt = performance.now();
  /** Its handler has begun something that must not be left halfway. */
  mustFinish = false;
  /** Resolves when its handler has ended, whichever way. */
  ended: Promise<void> = Promise.resolve();
  private readonly first: Claim;

  /** A lease by the first claim on it. */
  constructor(claim: Claim) {
    this.claim = claim;
    this.first = claim;
  }

  /** Goes on with a new claim: heartbeats came late, and we were the first to get the job again. */
  takeBack(claim: Claim): void {
    this.claim = claim;
    this.touchedAt = performance.now();
  }

  /** Never again once it was lost: somebody may have had it in between. */
  isFresh(): boolean {
    return this.claim === this.first && performance.now() - this.touchedAt < (leaseSeconds - 2) * 1_000;
  }
}

const touchEveryMs = 2_500;
/** A lease ends soon after a heartbeat that failed: the next one does not wait. */
const touchAgainMs = 250;

/** Leases that are held, and how they are renewed. */
export interface Held {
  leases(): readonly Lease[];
  /** Resolves to the jobs whose claims still stand. */
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
