import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { RateLimited, Unauthenticated } from '../../errors.ts';
import { networkOf } from './network.ts';

/** Slows down guessing: counts the credentials that opened nothing, by address. */
export interface Attempts {
  /** Runs `authenticate` unless the address has failed too often of late. Throws what it throws, and RateLimited. */
  guard<Viewer>(address: string, credential: unknown, authenticate: () => Promise<Viewer>): Promise<Viewer>;
}

const windowMs = 60_000;

/** Why it could not be decided whether a credential is good. */
interface Undecided {
  readonly error: unknown;
}

/** What came from one address within its minute. */
interface Tally {
  failed: number;
  /** Being tried now: each may turn out to be a failure. */
  trying: number;
  endsAt: number;
  /** Those for which there was no room, in their order. */
  readonly waiting: Set<(undecided: Undecided | null) => void>;
}

/**
 * Each process counts for itself, for a minute. A credential is counted before it is tried, so of many that come at once
 * no more than the limit are looked up. Those above the limit wait until one before them has turned out to be good,
 * because all clients behind one address may come back at once. A credential that was good of late is not held up: many
 * people may share an address with one who guesses.
 */
export function createAttempts(failuresPerMinute: number): Attempts {
  const tallies = new LRUCache<string, Tally>({ max: 100_000 });
  const good = new LRUCache<string, true>({ max: 10_000, ttl: 10 * 60_000 });

  function tallyOf(address: string): Tally {
    const now = performance.now();
    const known = tallies.get(address);
    const tally = known ?? { failed: 0, trying: 0, endsAt: now + windowMs, waiting: new Set() };
    if (!known) tallies.set(address, tally);
    if (tally.endsAt <= now) Object.assign(tally, { failed: 0, endsAt: now + windowMs });
    return tally;
  }

  /** Lets go on as many as there is room for; all of them when they are refused anyway. */
  function wake({ failed, trying, waiting }: Tally, undecided: Undecided | null = null): void {
    const isRefused = undecided !== null || failed >= failuresPerMinute;
    let room = isRefused ? waiting.size : failuresPerMinute - failed - trying;
    for (const goOn of waiting) {
      if (room <= 0) return;
      room -= 1;
      waiting.delete(goOn);
      goOn(undecided);
    }
  }

  /** Counts a credential once there is room for it; null for one that was good of late. Throws RateLimited. */
  async function enter(address: string, name: string): Promise<Tally | null> {
    for (;;) {
      const tally = tallyOf(address);
      if (good.has(name)) {
        wake(tally);
        return null;
      }
      if (tally.failed >= failuresPerMinute) {
        throw new RateLimited(
          'Too many wrong keys came from your address.',
          tally.endsAt - performance.now(),
        );
      }
      if (tally.failed + tally.trying < failuresPerMinute) {
        tally.trying += 1;
        return tally;
      }
      const undecided = await new Promise<Undecided | null>((resolve) => tally.waiting.add(resolve));
      // The others would meet the same, and only later.
      if (undecided) throw undecided.error;
    }
  }

  return {
    async guard(told, credential, authenticate) {
      // Nothing sent is no guess.
      if (typeof credential !== 'string') return authenticate();
      const address = networkOf(told);
      const name = hash('sha256', credential, 'hex');
      const counted = await enter(address, name);
      let undecided: Undecided | null = null;
      try {
        const viewer = await authenticate();
        good.set(name, true);
        return viewer;
      } catch (error) {
        if (error instanceof Unauthenticated) {
          good.delete(name);
          tallyOf(address).failed += 1;
        } else undecided = { error };
        throw error;
      } finally {
        if (counted) {
          counted.trying -= 1;
          wake(counted, undecided);
        }
      }
    },
  };
}
