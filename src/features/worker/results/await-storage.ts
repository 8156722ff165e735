import { StorageUnavailable, toError } from '../../../errors.ts';
import type { GenerationRow } from '../../generations/progress.ts';
import { noteWaiting, type WaitReason } from '../../generations/waiting.ts';
import { errorDelayMs } from '../poll-timing.ts';
import type { Worker } from '../worker.ts';

const lookEveryMs = 250;
/** Between attempts to store the same bytes. */
const timing = { minMs: 100, maxMs: 10_000 };

/**
 * Says on a run that it waits for storage, and waits until pictures can be stored again, `atMostMs`. Resolves at once while
 * the storage as a whole is well: then only one place is broken. Rejects when `signal` aborts.
 */
export async function awaitStorage(
  ctx: Worker,
  run: GenerationRow,
  signal: AbortSignal,
  atMostMs = Number.POSITIVE_INFINITY,
): Promise<void> {
  const { health } = ctx.storage;
  await tellWait(ctx, run, 'STORAGE');
  if (health.problem === null) return;
  const endsAt = performance.now() + atMostMs;
  while (health.problem !== null && performance.now() < endsAt) await ctx.wheel.sleep(lookEveryMs, signal);
  if (health.problem === null) await tellWait(ctx, run, null);
}

/** Says on a run why it waits. Failing to say so must not end the wait. */
export async function tellWait(ctx: Worker, run: GenerationRow, reason: WaitReason | null): Promise<void> {
  await noteWaiting(ctx, run, reason).catch((error: unknown) => {
    ctx.log.debug({ err: toError(error), generationId: run.id }, 'why a run waits could not be noted');
  });
}

/**
 * Stores what is in memory alone: tries as long as it takes. Rejects when `signal` aborts, and for a failure that is not
 * the storage's.
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

/** How long to wait before the same bytes are stored once more. */
export function storingDelayMs(ctx: Pick<Worker, 'random'>, failures: number): number {
  return errorDelayMs(failures, timing, ctx.random.below(1_000) / 1_000);
}
