import { setTimeout as sleep } from 'node:timers/promises';
import { dayMs } from '../../src/days.ts';

/** How long before midnight, in UTC, it is too late to begin. */
const neededMs = 60_000;

/** Lets a test that says "today" more than once begin on the next day where this one is nearly over. */
export async function awayFromMidnight(): Promise<void> {
  const leftMs = dayMs - (Date.now() % dayMs);
  if (leftMs < neededMs) await sleep(leftMs + 100);
}

/** For the hook that waits: as long as it may take. */
export const midnightMs = neededMs + 10_000;
