import { StorageUnavailable, toError } from '../../../errors.ts';
import type { GenerationRow } from '../../generations/progress.ts';
import { noteWaiting, type WaitReason } from '../../generations/waiting.ts';
import { errorDelayMs } from '../poll-timing.ts';
import type { Worker } from '../worker.ts';

const lookEveryMs = 250;
/** The delays between attempts to store the same bytes. */
const timing = { minMs: 100, maxMs: 10_000 };

/**
 * Stores on a run that it waits for storage, and waits until pictures can be stored again, or for `atMostMs`. Resolves
 * at once while the storage as a whole works, because then only one file or folder is broken. Rejects when `signal`
 * aborts.
 */
export async function awaitStorage(
  ctx: Worker,
  run: GenerationRow,
  signal: AbortSignal,
  atMostMs = Number.POSITIVE_INFINITY,
): Promise<void> {
  const { health } = ctx.storage;
  await noteWait(ctx, run, 'STORAGE');
  if (health.problem === null) return;
  const endsAt = performance.now() + atMostMs;
  while (health.problem !== null && performance.now() < endsAt) await ctx.wheel.sleep(lookEveryMs, signal);
  if (health.problem === null) await noteWait(ctx, run, null);
}

/** Stores why a run waits. A failure of this write must not end the wait. */
export async function noteWait(ctx: Worker, run: GenerationRow, reason: WaitReason | null): Promise<void> {
  await noteWaiting(ctx, run, reason).catch((error: unknown) => {
    ctx.log.debug({ err: toError(error), generationId: run.id }, 'why a run waits could not be noted');
  });
}

/**
 * Stores bytes that are only in memory: it tries until it succeeds. Rejects when `signal` aborts, and for each failure
 * that is not one of the storage.
 */
export async function untilStored<Result>(
  ctx: Worker,
  run: GenerationRow,
  signal: AbortSignal,
  store: () => Promise<Result>,
): Promise<Result> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await store();
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
      await awaitStorage(ctx, run, signal);
      await ctx.wheel.sleep(storingDelayMs(ctx, failures), signal);
    }
  }
}

/** The delay before the next attempt to store the same bytes, in milliseconds. */
export function storingDelayMs(ctx: Pick<Worker, 'random'>, failures: number): number {
  return errorDelayMs(failures, timing, ctx.random.below(1_000) / 1_000);
}
