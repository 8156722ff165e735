import { StorageUnavailable } from '../../errors.ts';
import { sweepFiles } from './sweep-files.ts';
import { sweepImages } from './sweep-images.ts';
import { sweepRuns } from './sweep-runs.ts';
import { type Ages, goOn, newRound, type Sweeper, type SweepState } from './sweep-state.ts';

/**
 * Takes the next step of a round. A step does a limited amount of work. Throws StorageUnavailable while the storage
 * does not work or is not the storage of this database, because then no file counts as missing and no file may be
 * removed.
 */
export async function sweepStep(ctx: Sweeper, state: SweepState, ages: Ages): Promise<SweepState> {
  if (!(await ctx.storage.isWhole())) throw new StorageUnavailable();
  switch (state.part) {
    case 'IMAGES':
      return sweepImages(ctx, state, ages);
    case 'FILES':
      // Files without a row in this database may have a row in another one.
      if (await ctx.storage.upkeep.belongsTo(ctx.database)) return sweepFiles(ctx, state, ages);
      warnOnce(ctx);
      return goOn({ ...state, areFilesSwept: false }, null);
    case 'RUNS':
      return sweepRuns(ctx, state);
    case 'DONE':
      return state;
  }
}

/** Storages for which this process has logged that their files are not swept. */
const warned = new WeakSet<Sweeper['storage']>();

/** Logs that files without a row stay, once in a process, because this does not change until a person acts. */
function warnOnce({ storage, log, database }: Sweeper): void {
  if (warned.has(storage)) return;
  warned.add(storage);
  log.warn(
    { database },
    'files without a row are not removed: the storage belongs to another database. If that is no longer used, remove DATA_DIR/storage/.database',
  );
}

/** Takes all steps of a round. */
export async function sweepAll(ctx: Sweeper, ages: Ages, from = newRound): Promise<SweepState> {
  let state = from;
  while (state.part !== 'DONE') state = await sweepStep(ctx, state, ages);
  return state;
}
