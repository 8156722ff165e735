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
      if (await ctx.storage.upkeep.belongsTo(ctx.database)) return sweepFiles(ctx, state, ages);
      tellOnce(ctx);
      return goOn({ ...state, areFilesSwept: false }, null);
    case 'RUNS':
      return sweepRuns(ctx, state);
    case 'DONE':
      return state;
  }
}

/** Storages of which this process has said that their files are not swept. */
const told = new WeakSet<Sweeper['storage']>();

/** Says that files without a row stay: once in a process, because it stays so until a person changes it. */
function tellOnce({ storage, log, database }: Sweeper): void {
  if (told.has(storage)) return;
  told.add(storage);
  log.warn(
    { database },
    'files without a row are not removed: the storage belongs to another database. If that is no longer used, remove DATA_DIR/storage/.database',
  );
}

/** A whole round at once. */
export async function sweepAll(ctx: Sweeper, ages: Ages, from = newRound): Promise<SweepState> {
  let state = from;
  while (state.part !== 'DONE') state = await sweepStep(ctx, state, ages);
  return state;
}
