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

/** The most that is added at random to a run's delay. */
const longestSpreadMs = 3_000;

/** The token of the attempt that may move the run, and the statuses that it may move the run from. */
export type Mine = Pick<Move, 'token' | 'from'>;

/** Ends a run that the provider has refused for good. Without a token, no part of the run was sent. */
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

/** Ends a run that was never submitted, and that cannot be submitted. */
export async function failUnsent(ctx: TaskContext, run: GenerationRow, failure: Failure): Promise<null> {
  await persist.execute(() =>
    endUnsent(ctx, run.id, { to: 'FAILED', from: ['QUEUED'], set: failureColumns(failure) }),
  );
  return null;
}

/**
 * Puts a run that holds an attempt back into the queue. The next step ends it when its cancellation was requested. A
 * `reason` is stored as the reason of the wait.
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
  // When the run waits for the same reason again, the wait continues, so it keeps its first moment.
  const since = run.waitingFor === reason ? run.waitingSince : null;
  if (queued && reason !== null) await noteWaiting(ctx, queued, reason, since);
  return null;
}

/**
 * Lets a run wait for a later wake-up without a change of its status, and stores the `reason`. Any process may take it
 * next.
 */
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

/** Adds a random part to a delay, so that runs do not all come at the same moment. It never shortens the delay. */
function spread(ctx: TaskContext, delayMs: number): number {
  return delayMs + ctx.random.below(Math.min(Math.max(Math.round(delayMs / 5), 250), longestSpreadMs));
}

/**
 * Makes a run UNCERTAIN: it may have been taken and paid, and only proof or a person moves it further. With a `token`
 * the attempt itself does this, so no answer comes later. Without a token the worker of the attempt may still answer.
 * `problems` describe an answer that was kept.
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
