import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { RateLimited, Unauthenticated, Unavailable } from '../../errors.ts';
import { networkOf } from './network.ts';

/*
 * An IPv6 address counts by its network. A credential that was good of late is not delayed, because a whole office
 * may share one address with a person who guesses. A credential is counted before it is tried, so of many that come
 * at once no more than the limit are looked up. Those above the limit wait until one before them turns out to be
 * good: after a restart all clients behind one address come back at once. A credential that cannot be decided gives
 * its place back and says nothing about the others. Each may take a timeout, so none waits longer than ten seconds.
 * API keys and tokens have places of their own, because tokens would delay keys while the identity provider is away.
 *
 * Own code beside rate-limiter-flexible, which counts points elsewhere (`cost-meter`): it refuses what is over the limit,
 * while a credential here waits for the outcome of those before it, and only failures are counted.
 */

/** Slows down guessing: counts the credentials that opened nothing, by address. */
export interface Attempts {
  /** Runs `authenticate` unless the address has failed too often of late. Throws what it throws, and RateLimited. */
  guard<Viewer>(address: string, credential: unknown, authenticate: () => Promise<Viewer>): Promise<Viewer>;
}

const windowMs = 60_000;
/** How long a credential waits for those before it. They take milliseconds, but in an outage each takes a timeout. */
const patienceMs = 10_000;

/** What came from one address within its minute: its credentials of one kind. */
interface Tally {
  failed: number;
  /** Being tried now: each may turn out to be a failure. */
  trying: number;
  endsAt: number;
  /** Those for which there was no room, in their order. */
  readonly waiting: Set<() => void>;
}

/**
 * Each process counts for itself, for a minute. A credential is counted before it is tried, so of many that come at once
 * no more than the limit are looked up. Those above the limit wait until one before them has turned out to be good,
 * because all clients behind one address may come back at once; but not for longer than `patience`. One that cannot be
 * decided says nothing about the others, so it only gives its place back. Each kind of credential is counted apart: while the
 * identity provider does not answer, tokens would keep API keys waiting. A credential that was good of late is not held up:
 * many people may share an address with one who guesses.
 */
export function createAttempts(
  failuresPerMinute: number,
  {
    kindOf = () => '',
    patience = patienceMs,
  }: { kindOf?: (credential: string) => string; patience?: number } = {},
): Attempts {
  // By size: places for `max` of them would be made at each start.
  const tallies = new LRUCache<string, Tally>({ maxSize: 100_000, sizeCalculation: () => 1 });
  const good = new LRUCache<string, true>({ max: 10_000, ttl: 10 * 60_000 });

  function tallyOf(key: string): Tally {
    const now = performance.now();
    const known = tallies.get(key);
    const tally = known ?? { failed: 0, trying: 0, endsAt: now + windowMs, waiting: new Set() };
    if (!known) tallies.set(key, tally);
    if (tally.endsAt <= now) Object.assign(tally, { failed: 0, endsAt: now + windowMs });
    return tally;
  }

  /** Lets go on as many as there is room for; all of them when they are refused anyway. */
  function wake({ failed, trying, waiting }: Tally): void {
    let room = failed >= failuresPerMinute ? waiting.size : failuresPerMinute - failed - trying;
    for (const goOn of waiting) {
      if (room <= 0) return;
      room -= 1;
      waiting.delete(goOn);
      goOn();
    }
  }

  /** Resolves when one before it has been decided. Throws Unavailable when that takes too long. */
  async function waitTurn({ waiting }: Tally, maxMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      waiting.delete(resolve);
      reject(new Unavailable('Your key cannot be checked at the moment. Try again.'));
    }, maxMs);
    waiting.add(resolve);
    await promise.finally(() => clearTimeout(timer));
  }

  /**
   * Counts a credential once there is room for it; null for one that was good of late. Throws RateLimited, and Unavailable
   * for one that has waited too long.
   */
  async function enter(key: string, name: string): Promise<Tally | null> {
    const waitsUntil = performance.now() + patience;
    for (;;) {
      const tally = tallyOf(key);
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
      await waitTurn(tally, waitsUntil - performance.now());
    }
  }

  return {
    async guard(address, credential, authenticate) {
      // Nothing sent is no guess.
      if (typeof credential !== 'string') return authenticate();
      const key = `${kindOf(credential)} ${networkOf(address)}`;
      const name = hash('sha256', credential, 'hex');
      const counted = await enter(key, name);
      try {
        const viewer = await authenticate();
        good.set(name, true);
        return viewer;
      } catch (error) {
        if (error instanceof Unauthenticated) {
          good.delete(name);
          tallyOf(key).failed += 1;
        }
        throw error;
      } finally {
        if (counted) {
          counted.trying -= 1;
          wake(counted);
        }
      }
    },
  };
}
