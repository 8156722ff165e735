import { LRUCache } from 'lru-cache';
import type { Uses } from '../../platform/context.ts';
import { findObserved, leastSamples } from './price-book.ts';

/** How long runs of a shape have taken, in seconds, as the provider measured them. */
export interface ObservedTime {
  /** The 5th percentile: one run in twenty took less. */
  readonly seconds5: number;
  /** The 95th percentile: one run in twenty took longer. */
  readonly seconds95: number;
}

/** Looks up the observed time of a model's shape; null while there are too few runs. */
export type ObservedTimes = (model: string, shape: string) => Promise<ObservedTime | null>;

/** How long a value is cached. The percentiles of two hundred runs hardly change with the next few runs. */
const believedMs = 60_000;

/** Reads the price book for each shape once a minute at most, however many runs ask. */
export function createObservedTimes(ctx: Uses<'db' | 'config'>): ObservedTimes {
  const known = new LRUCache<string, Promise<ObservedTime | null>>({ max: 1_000, ttl: believedMs });
  return async (model, shape) => {
    const key = JSON.stringify([model, shape]);
    const found = known.get(key) ?? read(ctx, model, shape);
    known.set(key, found, { noUpdateTTL: true });
    return found.catch((error: unknown) => {
      known.delete(key);
      throw error;
    });
  };
}

async function read(ctx: Uses<'db' | 'config'>, model: string, shape: string): Promise<ObservedTime | null> {
  const { times, seconds5, seconds95 } = await findObserved(ctx, model, shape);
  if (times < leastSamples || seconds5 === null || seconds95 === null) return null;
  return { seconds5, seconds95 };
}
