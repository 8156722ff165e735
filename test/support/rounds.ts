import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDatabase } from './database.ts';

/** Why a subscription ends late, in numbers: a server looks once a second, in one statement. It may have just looked. */
export const mostReviews = 2;

/**
 * Counts, until something has happened, rounds of a second with a statement at the end, as the servers' review of access is.
 * Where the machine is slow, both are.
 */
export async function roundsUntil(database: TestDatabase, happened: Promise<unknown>): Promise<number> {
  let [rounds, isOver] = [0, false];
  const over = happened.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await Promise.race([over, sleep(1_000)]);
    if (isOver) break;
    await database.query('SELECT 1');
    rounds += 1;
  }
  await over;
  return rounds;
}
