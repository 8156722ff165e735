import type { TaskContext } from '../../../platform/context.ts';
import { persistAnswer } from '../../../platform/db/persist.ts';
import { reviewDatabase } from '../../database-review/review-database.ts';
import type { Changes } from '../../generations/move-generation.ts';
import { moveTogether, type SharedMove } from '../../generations/move-together.ts';
import type { GenerationRow } from '../../generations/progress.ts';
import { newWakeupId } from '../../generations/queue/wakeup.ts';
import { deliveredOutputs } from '../../generations/stored-run.ts';

/** The provider's answer about a run, as a move. */
export type LateAnswer = Pick<SharedMove, 'to' | 'token' | 'set' | 'lesson'>;

/** The columns of a run that is no longer in doubt. */
export const noFailure = { failureCode: null, failureMessage: null, failureRetryable: null } as const;

/**
 * Stores the provider's answer: on the run in the status that this worker left it in, otherwise as a late answer, if an
 * attempt brought it. Resolves to the run, or to null when the run has moved on without the answer.
 */
export async function recordAnswer(
  ctx: TaskContext,
  run: GenerationRow,
  { from, ...answer }: LateAnswer & Pick<SharedMove, 'from'>,
  hurried?: AbortSignal,
): Promise<GenerationRow | null> {
  const moved = await persistAnswer(() => moveTogether(ctx, run, { ...answer, from }), hurried);
  if (moved || answer.token === undefined) return moved;
  return recordLate(ctx, run, answer, hurried);
}

/**
 * Stores the provider's answer for a run that no longer has this attempt in the database: the run became UNCERTAIN, or
 * the database has gone back to a state before the attempt. Its wake-up is gone, so it gets a new one. Resolves to the
 * run, or to null when the run was settled without the answer; then the log has the answer.
 */
export async function recordLate(
  ctx: TaskContext,
  run: GenerationRow,
  answer: LateAnswer,
  hurried?: AbortSignal,
): Promise<GenerationRow | null> {
  const wakeupId = newWakeupId();
  const { id, projectId, providerAccount } = run;
  const account = providerAccount === null ? {} : { providerAccount };
  const record = () =>
    persistAnswer(
      () =>
        moveTogether(ctx, run, {
          ...answer,
          from: ['UNCERTAIN'],
          orUnheld: true,
          set: { ...answer.set, ...account, wakeupId },
          wakeup: { id: wakeupId },
        }),
      hurried,
    );
  const find = () => persistAnswer(() => ctx.db.generation.findUnique({ where: { id } }), hurried);
  const recorded = await record();
  if (recorded) return recorded;
  let present = await find();
  if (present?.status === 'QUEUED' || present?.status === 'AWAITING_APPROVAL') {
    // The answer proves that the run was handed over, and the database does not know this.
    await persistAnswer(() => reviewDatabase(ctx, [id]), hurried);
    const reviewed = await record();
    if (reviewed) return reviewed;
    present = await find();
  }
  const requestId = answer.set?.providerRequestId ?? run.providerRequestId;
  const fact = { generationId: id, projectId, account: providerAccount, requestId };
  if (!present) ctx.log.error(fact, 'the database has lost a run that the provider took');
  else if (requestId === null || present.providerRequestId !== requestId)
    ctx.log.error(fact, 'an answer came for a run that was settled without it');
  return null;
}

/**
 * Stores again what this worker knows of a run that no longer has the status that this worker gave it. Mostly another
 * worker was faster, and nothing happens. But the database may have gone back to a state before the submit.
 */
export async function restate(ctx: TaskContext, run: GenerationRow): Promise<void> {
  const known: Changes = {
    ...noFailure,
    ...(run.providerRequestId === null ? {} : { providerRequestId: run.providerRequestId }),
    ...(run.submittedAt === null ? {} : { submittedAt: run.submittedAt }),
  };
  const token = run.attemptToken ?? undefined;
  if (run.status !== 'STORING') {
    await recordLate(ctx, run, { to: 'SUBMITTED', token, set: known });
    return;
  }
  const set: Changes = {
    ...known,
    outputs: deliveredOutputs(run),
    inferenceSeconds: run.inferenceSeconds,
    costMicros: run.costMicros,
    costSource: run.costSource,
  };
  await recordLate(ctx, run, { to: 'STORING', token, set });
}
