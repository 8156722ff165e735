import { setTimeout as sleep } from 'node:timers/promises';
import { createOutage } from '../../logger.ts';
import type { TaskContext } from '../../platform/context.ts';
import { lostIntents, readStanding } from './prove-database.ts';
import { reviewDatabase } from './review-database.ts';

const lookEveryMs = 2_000;

/**
 * Looks every two seconds, until `signal` aborts, whether the database still knows everything that was submitted. Every
 * submit proves that for itself, and so does every end of a run as never submitted. This one shows doubts soon. A look that
 * fails is only late.
 */
export async function watchDatabase(ctx: TaskContext, signal: AbortSignal): Promise<void> {
  const { intentNotes } = ctx;
  const outage = createOutage(ctx.log, {
    failed: 'it cannot be told whether the database has gone back',
    over: 'it can be told again whether the database has gone back',
  });
  while (!signal.aborted) {
    try {
      const notes = await intentNotes.read();
      const standing = await readStanding(ctx.db, notes);
      if (standing.database !== intentNotes.database || lostIntents(notes, standing).length > 0)
        await reviewDatabase(ctx);
      outage.worked();
    } catch (error) {
      outage.failed(error);
    }
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}
