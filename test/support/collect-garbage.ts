import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { delay } from './delay.ts';

setFlagsFromString('--expose-gc');

/** Collects garbage now, so that the memory in use is what is still held. */
export const collectGarbage: () => void = runInNewContext('gc');

/**
 * The least of several looks at what is in use, in bytes: the memory of buffers is given back a moment after they were
 * collected.
 */
export async function leastInUse(used: (memory: NodeJS.MemoryUsage) => number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let looks = 0; looks < 3; looks += 1) {
    collectGarbage();
    await delay(10);
    least = Math.min(least, used(process.memoryUsage()));
  }
  return least;
}
