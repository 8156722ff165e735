import { z } from 'zod';
import { litterAgeMs } from '../../../durable-file.ts';
import { StorageUnavailable } from '../../../errors.ts';
import type { TaskContext } from '../../../platform/context.ts';
import type { Transaction } from '../../../platform/db/connect.ts';
import { locks } from '../../../platform/db/locks.ts';
import { defineTask } from '../../../platform/jobs/define-task.ts';
import { sweepStep } from '../sweep.ts';
import {
  type Ages,
  newRound,
  nextRound,
  type Sweeper,
  type SweepState,
  sweepState,
  writeReport,
} from '../sweep-state.ts';

const settingName = 'storage-sweep';
/** Between the end of a round and the next one. */
const roundEveryMs = 60 * 60 * 1_000;
/** Between two steps: they take little, and leave the disk and the database to others for longer than they take. */
const pauseMs = 200;
/** A step that waits for a slow disk is ended, and then its transaction, which keeps other processes away. */
const longestStepMs = 110_000;
export const sweepLock = { key: locks.storageSweep, longestMs: 120_000 };
/** Longer than a provider keeps an output: by then a run has written down which bytes it keeps. */
const filesMs = 24 * 60 * 60 * 1_000;

/** Where the sweep is, as the database keeps it. */
const kept = sweepState.extend({ endedAt: z.number().nullable() });

/**
 * Sweeps the storage step by step, each from where the last step of any process ended. The log has a line for each
 * round that removed or found something.
 */
export const sweepStorageRegularly = defineTask({
  name: 'sweep-storage',
  each: 'installation',
  lock: sweepLock,
  // A start has more urgent things to do.
  firstAfterMs: 10_000,
  // Between two looks at whether a round is due, or whether the process that is at it has died.
  everyMs: 30_000,
  words: { failed: 'the storage cannot be swept', over: 'the storage is swept again' },
  // Its own line in the log says that the storage does not work.
  isLoggedElsewhere: (error) => error instanceof StorageUnavailable,
  run: (ctx: TaskContext) => {
    const uploadsMs = ctx.config.UNUSED_UPLOADS_KEPT_HOURS * 3_600_000;
    const ages = { uploadsMs, filesMs, unfinishedMs: litterAgeMs };
    return async (_, tx, now) => {
      const sweeper = { ...ctx, database: ctx.intentNotes.database };
      return (await takeStep(sweeper, ages, tx, now)) ? pauseMs : undefined;
    };
  },
});

/** Takes the next step of a round in a transaction that holds `sweepLock`. Resolves to whether the round goes on. */
export async function takeStep(ctx: Sweeper, ages: Ages, tx: Transaction, now: Date): Promise<boolean> {
  const state = await readState(tx, now.getTime());
  if (state === null) return false;
  const signal = AbortSignal.timeout(longestStepMs);
  const next = await sweepStep({ ...ctx, signal }, state, ages);
  const isDone = next.part === 'DONE';
  await writeState(tx, next, isDone ? now.getTime() : null);
  if (isDone) {
    await writeReport(tx, next, now.getTime());
    logRound(ctx, next);
  }
  return !isDone;
}

/** The round that is under way, or that is due; null for none. What cannot be read, as of another version, is begun again. */
async function readState(tx: Transaction, now: number): Promise<SweepState | null> {
  const row = await tx.setting.findUnique({ where: { name: settingName } });
  const { data } = kept.safeParse(row ? JSON.parse(row.value) : null);
  if (!data) return newRound;
  if (data.endedAt === null) return data;
  return now - data.endedAt < roundEveryMs ? null : nextRound(data);
}

async function writeState(tx: Transaction, state: SweepState, endedAt: number | null): Promise<void> {
  const value = JSON.stringify({ ...state, endedAt } satisfies z.input<typeof kept>);
  await tx.setting.upsert({
    where: { name: settingName },
    create: { name: settingName, value },
    update: { value },
  });
}

function logRound({ log }: Sweeper, state: SweepState): void {
  const { removedUploads, markedFiles, removedFiles, removedUnfinished, missingFiles } = state;
  const missing = state.missing.map(({ type, id }) => `${type} ${id}`);
  const removed = { removedUploads, markedFiles, removedFiles, removedUnfinished };
  if (missingFiles > 0)
    log.error(
      { ...removed, missingFiles, missing },
      'the storage was swept: files that rows name are missing',
    );
  else if (Object.values(removed).some((count) => count > 0)) log.info(removed, 'the storage was swept');
}
