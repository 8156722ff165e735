import { hash } from 'node:crypto';
import { isIP } from 'node:net';
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { RateLimited, Unauthenticated } from '../../errors.ts';

/** Slows down whoever guesses: counts the credentials that opened nothing, by address. */
export interface Attempts {
  /** Runs `authenticate` unless the address has failed too often of late. Throws what it throws, and RateLimited. */
  guard<Viewer>(address: string, credential: unknown, authenticate: () => Promise<Viewer>): Promise<Viewer>;
}

/**
 * Each process counts for itself, for a minute. A credential that was good of late is never held up: many people
 * may share an address with one who guesses.
 */
export function createAttempts(failuresPerMinute: number): Attempts {
  const failures = new RateLimiterMemory({ points: failuresPerMinute, duration: 60 });
  const good = new LRUCache<string, true>({ max: 10_000, ttl: 10 * 60_000 });

  return {
    async guard(told, credential, authenticate) {
      // A proxy may pass on a client's own text. All text that is no address shares one count.
      const address = isIP(told) === 0 ? 'no address' : told;
      const name = typeof credential === 'string' ? hash('sha256', credential, 'hex') : '';
      const tried = good.has(name) ? null : await failures.get(address);
      if (tried && tried.consumedPoints >= failuresPerMinute) {
        throw new RateLimited('Too many wrong keys came from your address.', tried.msBeforeNext);
      }
      try {
        const viewer = await authenticate();
        good.set(name, true);
        return viewer;
      } catch (error) {
        good.delete(name);
        // Nothing sent is no guess.
        if (error instanceof Unauthenticated && typeof credential === 'string') await note(address);
        throw error;
      }
    },
  };

  async function note(address: string): Promise<void> {
    await failures.consume(address).catch((refused: unknown) => {
      if (!(refused instanceof RateLimiterRes)) throw refused;
    });
  }
}
