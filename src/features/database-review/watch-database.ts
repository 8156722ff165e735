import type { TaskContext } from '../../platform/context.ts';
import { defineTask } from '../../platform/jobs/define-task.ts';
import { lostIntents, readStanding } from './prove-database.ts';
import { reviewDatabase } from './review-database.ts';

/**
 * Looks every two seconds whether the database still knows everything that was submitted. Every submit proves that for
 * itself, and so does every end of a run as never submitted. This one shows doubts soon.
 */
export const watchDatabase = defineTask({
  name: 'watch-database',
  each: 'process',
  everyMs: 2_000,
  words: {
    failed: 'it cannot be told whether the database has gone back',
    over: 'it can be told again whether the database has gone back',
  },
  run: (ctx: TaskContext) => async () => {
    const notes = await ctx.intentNotes.read();
    const standing = await readStanding(ctx.db, notes);
    if (standing.database !== ctx.intentNotes.database || lostIntents(notes, standing).length > 0)
      await reviewDatabase(ctx);
  },
});
