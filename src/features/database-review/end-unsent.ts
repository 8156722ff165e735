import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { type Move, moveGenerationIn } from '../generations/move-generation.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { DatabaseWentBack, refuseSubmitted } from './prove-database.ts';
import { reviewDatabase } from './review-database.ts';

/** The tools that ending a run as never submitted needs. */
export type EndsUnsent = Uses<'db' | 'jobs' | 'log' | 'turns' | 'intentNotes' | 'segmind' | 'serverAccount'>;

/**
 * Ends a run that was never submitted, at no cost. The same transaction proves that the database has not gone back to
 * an older state, in which it would not know that the run was submitted. When the proof fails the database is reviewed,
 * and the run may become UNCERTAIN. Resolves to null when the run was in another status, or is in doubt. Throws
 * StorageUnavailable while the proof cannot be made.
 */
export async function endUnsent(ctx: EndsUnsent, id: string, move: Move): Promise<GenerationRow | null> {
  return reviewedIfBack(ctx, id, (tx) => endUnsentIn(ctx, tx, id, move));
}

/** The same in the caller's transaction. Throws also DatabaseWentBack. */
export async function endUnsentIn(
  ctx: Uses<'jobs' | 'intentNotes'>,
  tx: Transaction,
  id: string,
  move: Move,
): Promise<GenerationRow | null> {
  return moveGenerationIn(ctx, tx, id, {
    ...move,
    set: { ...move.set, costMicros: 0n, costSource: 'NOT_SUBMITTED' },
    async also(tx, row) {
      await refuseSubmitted(ctx, tx, [id]);
      await move.also?.(tx, row);
    },
  });
}

/** Does `work` in a transaction. Resolves to null when the database had to be reviewed instead. */
export async function reviewedIfBack<Result>(
  ctx: EndsUnsent,
  id: string,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result | null> {
  try {
    return await ctx.db.$transaction(work);
  } catch (error) {
    if (!(error instanceof DatabaseWentBack)) throw error;
    await reviewDatabase(ctx, [id]);
    return null;
  }
}
