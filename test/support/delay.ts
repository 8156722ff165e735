import { setTimeout } from 'node:timers/promises';

/**
 * Resolves so many milliseconds later. It makes the timing of a fault or of work: a client that sends slowly, a provider
 * that answers late, a kill in the middle of something. A test that waits for something uses `eventually`. A test that
 * proves that something does not happen waits for something else that happens later.
 */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return setTimeout(ms, undefined, signal ? { signal } : {});
}
