import { StorageUnavailable } from '../../errors.ts';
import { sweepFiles } from './sweep-files.ts';
import { sweepImages } from './sweep-images.ts';
import { sweepRuns } from './sweep-runs.ts';
import { type Ages, goOn, newRound, type Sweeper, type SweepState } from './sweep-state.ts';

/**
 * The next step of a round; bounded, however much there is. Throws StorageUnavailable while the storage does not work, or is
 * not the one that the database means: then nothing is missing, and nothing is left behind.
 */
export async function sweepStep(ctx: Sweeper, state: SweepState, ages: Ages): Promise<SweepState> {
  if (!(await ctx.storage.isWhole())) throw new StorageUnavailable();
  switch (state.part) {
    case 'IMAGES':
      return sweepImages(ctx, state, ages);
    case 'FILES':
      // Files without a row may have theirs in another database.
      return (await ctx.storage.upkeep.belongsTo(ctx.database))
        ? sweepFiles(ctx, state, ages)
        : goOn(state, null);
    case 'RUNS':
      return sweepRuns(ctx, state);
    case 'DONE':
      return state;
  }
}

/** A whole round at once. */
export async function sweepAll(ctx: Sweeper, ages: Ages): Promise<SweepState> {
  let state = newRound;
  while (state.part !== 'DONE') state = await sweepStep(ctx, state, ages);
  return state;
}
