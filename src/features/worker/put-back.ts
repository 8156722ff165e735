import type { TaskContext } from '../../platform/context.ts';
import { persist } from '../../platform/db/persist.ts';
import type { SegmindError } from '../../platform/segmind/segmind-error.ts';
import { endUnsent } from '../database-review/end-unsent.ts';
import { type Failure, failureCodes, failureColumns } from '../generations/failure.ts';
import type { Move } from '../generations/move-generation.ts';
import { moveTogether } from '../generations/move-together.ts';
import type { StoredOutputProblem } from '../generations/output-problem.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { newWakeupId, sendWakeups } from '../generations/queue/wakeup.ts';
import { noteWaiting, type WaitReason } from '../generations/waiting.ts';
import { failureOfRefusal } from './provider-failure.ts';

/** Runs that wait for the same are not held up by more than this. */
const longestSpreadMs = 3_000;

/** The attempt that may write, and from where. */
export type Mine = Pick<Move, 'token' | 'from'>;

/** Ends a run that the provider does not take, and will not. Without a token nothing of it was sent. */
export async function fail(
  ctx: TaskContext,
  run: GenerationRow,
  error: SegmindError,
  mine: Mine,
): Promise<null> {
  if (mine.token === undefined) return failUnsent(ctx, run, failureOfRefusal(error));
  await persist.execute(() =>
    moveTogether(ctx, run, {
      to: 'FAILED',
      ...mine,
      set: { ...failureColumns(failureOfRefusal(error)), costMicros: 0n, costSource: 'NOT_CHARGED' },
    }),
  );
  return null;
}

/** Ends a run that never left, and never will as it is. */
export async function failUnsent(ctx: TaskContext, run: GenerationRow, failure: Failure): Promise<null> {
  await persist.execute(() =>
    endUnsent(ctx, run.id, { to: 'FAILED', from: ['QUEUED'], set: failureColumns(failure) }),
  );
  return null;
}

/**
 * Puts a run that holds an attempt back into the queue, or ends it when somebody has asked to cancel; with a `reason` it
 * says why it waits there.
 */
export async function requeue(
  ctx: TaskContext,
  run: GenerationRow,
  delayMs: number,
  mine: Mine,
  reason: WaitReason | null = null,
): Promise<null> {
  if (mine.token === undefined) return postpone(ctx, run, delayMs, reason);
  const wakeupId = newWakeupId();
  const queued = await persist.execute(() =>
    moveTogether(ctx, run, {
      to: 'QUEUED',
      ...mine,
      set: { wakeupId, attemptToken: null },
      wakeup: { id: wakeupId, delayMs: spread(ctx, delayMs) },
    }),
  );
  // The attempt was no end of the wait when it comes back with the same reason.
  const since = run.waitingFor === reason ? run.waitingSince : null;
  if (queued && reason !== null) await noteWaiting(ctx, queued, reason, since);
  return null;
}

/** Lets a run wait without touching its status; with a `reason` it says why. Any process may have it next. */
export async function postpone(
  ctx: TaskContext,
  run: GenerationRow,
  delayMs: number,
  reason: WaitReason | null = null,
): Promise<null> {
  const wakeupId = newWakeupId();
  await ctx.db.$transaction(async (tx) => {
    const { count } = await tx.generation.updateMany({
      where: { id: run.id, status: run.status, wakeupId: run.wakeupId },
      data: { wakeupId },
    });
    if (count === 0) return;
    if (run.waitingFor !== reason) await noteWaiting({ db: tx }, run, reason);
    await sendWakeups(ctx, tx, { id: wakeupId, generationId: run.id, delayMs: spread(ctx, delayMs) });
  });
  return null;
}

/** Never earlier than it makes sense, and not all at the same moment. */
function spread(ctx: TaskContext, delayMs: number): number {
  return delayMs + ctx.random.below(Math.min(Math.max(Math.round(delayMs / 5), 250), longestSpreadMs));
}

/**
 * The run rests: it may have been taken and paid, and only proof or a person moves it on. With its `token` the attempt
 * itself says so, and no answer will come later; without, its worker may still answer. `problems` tell of an answer that
 * was kept.
 */
export async function restUncertain(
  ctx: TaskContext,
  run: GenerationRow,
  reason: string,
  only: Pick<Move, 'token'>,
  problems: readonly StoredOutputProblem[] = [],
): Promise<void> {
  const failure = {
    code: 'SUBMISSION_UNCERTAIN',
    message: `${failureCodes.SUBMISSION_UNCERTAIN} ${reason}`,
    retryable: false,
  } as const;
  await persist.execute(() =>
    moveTogether(ctx, run, {
      to: 'UNCERTAIN',
      from: ['SUBMITTING'],
      token: only.token,
      set: {
        ...failureColumns(failure),
        isAttemptOver: only.token !== undefined,
        ...(problems.length > 0 ? { outputProblems: problems } : {}),
      },
    }),
  );
}
