import type { TaskContext } from '../../platform/context.ts';
import { defineTask } from '../../platform/jobs/define-task.ts';
import { lostIntents, readStanding } from './prove-database.ts';
import { reviewDatabase } from './review-database.ts';

/**
 * Checks every two seconds whether the database still knows each submitted run. Each submit, and each end of a run as
 * never submitted, proves this for itself. This task finds a loss also when no run is submitted.
 */
export const watchDatabase = defineTask({
  name: 'watch-database',
  each: 'process',
  everyMs: 2_000,
  words: {
    failed: 'it cannot be checked whether the database has gone back',
    over: 'it can be checked again whether the database has gone back',
  },
  run: (ctx: TaskContext) => async () => {
    const notes = await ctx.intentNotes.read();
    const standing = await readStanding(ctx.db, notes);
    if (standing.database !== ctx.intentNotes.database || lostIntents(notes, standing).length > 0)
      await reviewDatabase(ctx);
  },
});
