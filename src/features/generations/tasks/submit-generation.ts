import { setTimeout as sleep } from 'node:timers/promises';
import { StorageUnavailable, toError } from '../../../errors.ts';
import type { TaskContext } from '../../../platform/context.ts';
import type { Transaction } from '../../../platform/db/connect.ts';
import { isTransient } from '../../../platform/db/transient.ts';
import type { Wakeup } from '../../../platform/jobs/job-queue.ts';
import { SegmindError } from '../../../platform/segmind/segmind-error.ts';
import { accountInForce, isAccountInForce } from '../../provider-keys/provider-key.queries.ts';
import { atMove } from '../move-generation.ts';
import { moveTogether } from '../move-together.ts';
import type { GenerationRow } from '../progress.ts';
import { untilStored } from './await-storage.ts';
import { keepAnswer } from './keep-result.ts';
import { postRun } from './post-run.ts';
import { failureOfReference } from './provider-failure.ts';
import { claimProbe, findPause, type PauseReason, pauseProvider } from './provider-pause.ts';
import { fail, failUnsent, type Mine, postpone, requeue, restUncertain } from './put-back.ts';
import { buildBody, ReferenceMissing } from './reference-urls.ts';
import type { Worker } from './worker.ts';

/** A key that was refused is tried at most this often. */
const probeEveryMs = 60_000;
const rateLimitPauseMs = 5_000;
/** Longer than this nobody waits for the turn of an account. */
const longestTurnMs = 1_000;
const pauseReasons: readonly PauseReason[] = ['UNAUTHORIZED', 'FORBIDDEN', 'NO_CREDITS'];

/**
 * The dangerous step: the provider has no idempotency key, so a POST that may have arrived is never sent again.
 * The intent, with a token, is written before the POST; whoever holds the token may write the answer, however late.
 * Resolves to the run when it goes on now, null when it rests or waits for a later wake-up.
 */
export async function submitGeneration(
  server: Worker,
  run: GenerationRow,
  wakeup: Wakeup,
  signal: AbortSignal,
): Promise<GenerationRow | null> {
  if (server.storage.health.problem !== null) return waitForStorage(server, run);
  const segmind = await accountInForce(server, run.projectId).catch((error: unknown) => {
    if (error instanceof SegmindError) return error;
    throw error;
  });
  // Nobody else's runs are held up by a key that only this project has.
  if (segmind instanceof SegmindError) return fail(server, run, segmind, { from: ['QUEUED'] });
  const ctx = { ...server, segmind };
  const account = ctx.segmind.accountId;
  const pause = await findPause(ctx, account, run.model);
  if (pause) return postpone(ctx, run, pause.remainingMs);
  const waitMs = ctx.pace(account).reserve(longestTurnMs);
  // Whoever waits here keeps a place that another account's run could have.
  if (waitMs > longestTurnMs) return postpone(ctx, run, waitMs);
  await sleep(waitMs, undefined, { signal });
  // What cannot be stored must not be bought.
  if ((await ctx.storage.health.prove()) !== null) return waitForStorage(ctx, run);
  if (!(await claimProbe(ctx, account, run.model, probeEveryMs))) return postpone(ctx, run, probeEveryMs);

  let body: Record<string, unknown>;
  try {
    body = await buildBody(ctx, run);
  } catch (error) {
    if (error instanceof SegmindError) return notTaken(ctx, run, error, { from: ['QUEUED'] });
    if (error instanceof StorageUnavailable) return waitForStorage(ctx, run);
    if (error instanceof ReferenceMissing) return failUnsent(ctx, run, failureOfReference(error));
    throw error;
  }
  // Uploading pictures may have taken a while.
  if (ctx.storage.health.problem !== null) return waitForStorage(ctx, run);

  const token = ctx.random.uuid();
  const mine = { token, from: ['SUBMITTING', 'UNCERTAIN'] } as const;
  const intent = await moveTogether(ctx, run, {
    to: 'SUBMITTING',
    from: ['QUEUED'],
    unlessCanceled: true,
    set: {
      attempt_token: token,
      attempted_at: atMove,
      is_attempt_over: false,
      provider_account: account,
    },
    provided: {
      name: `account ${account}`,
      check: (tx) =>
        mayBegin(tx, { projectId: run.projectId, account, serverAccount: server.segmind.accountId }),
    },
  }).catch(async (error: unknown) => {
    if (error instanceof AccountChanged) return 'CHANGED' as const;
    if (error instanceof ProjectGivenUp) return 'GIVEN_UP' as const;
    // It may have been written all the same. Nothing was sent, so there is nothing to be in doubt about.
    if (isTransient(error)) await requeue(ctx, run, 0, mine);
    throw error;
  });
  if (intent === 'CHANGED') return postpone(ctx, run, 0);
  // Whoever removes the project cancels it.
  if (intent === 'GIVEN_UP') return null;
  // Canceled, or taken by another worker, in the meantime: the next look at the row tells.
  if (!intent) return ctx.db.generation.findUniqueOrThrow({ where: { id: run.id } });
  await noteAttempt(ctx, intent);
  if (signal.aborted || !wakeup.isLeaseFresh()) {
    // Nothing has been sent, and this attempt is the only one that could have.
    await requeue(ctx, run, 0, mine);
    return null;
  }
  return wakeup.finish(async (hurried) => {
    try {
      return await postRun(ctx, intent, body, mine, hurried);
    } catch (error) {
      if (!(error instanceof SegmindError)) throw error;
      if (error.meaning !== 'UNCERTAIN') return notTaken(ctx, run, error, mine);
      ctx.log.warn({ err: error, generationId: run.id }, 'the submit ended uncertain');
      const problems = await untilStored(ctx, intent, hurried, () => keepAnswer(ctx, run, error)).catch(
        () => [],
      );
      await restUncertain(ctx, run, error.detail ?? error.message, { token }, problems);
      return null;
    }
  });
}

/** The longer pictures could not be stored, the more rarely a run looks whether they can. */
function waitForStorage(ctx: TaskContext, run: GenerationRow): Promise<null> {
  const delayMs = Math.min(Math.max(ctx.storage.health.illForMs() / 4, 1_000), 10_000);
  return postpone(ctx, run, delayMs, 'STORAGE');
}

/** Outside of the database too, so that a copy of it which is older than this submit can be told. */
async function noteAttempt(
  { highWater, log }: TaskContext,
  { id, attemptedAt }: GenerationRow,
): Promise<void> {
  if (!attemptedAt) return;
  await highWater.note(attemptedAt).catch((error: unknown) => {
    log.warn({ err: toError(error), generationId: id }, 'the time of the submit could not be noted');
  });
}

/**
 * What may not change between the intent and the POST. The move holds the project: whoever sets or removes a key takes the
 * project, then the key, in the same order.
 */
async function mayBegin(tx: Transaction, begin: Parameters<typeof isAccountInForce>[1]): Promise<void> {
  const { deletingAt } = await tx.project.findUniqueOrThrow({ where: { id: begin.projectId } });
  if (deletingAt) throw new ProjectGivenUp();
  if (!(await isAccountInForce(tx, begin))) throw new AccountChanged();
}

/** Another key was set, or this one removed, while the run was made ready. */
class AccountChanged extends Error {}

/** The project was given up while the run was made ready. */
class ProjectGivenUp extends Error {}

/** The provider certainly took nothing: try again later, or fail with its reason. */
async function notTaken(
  ctx: TaskContext,
  run: GenerationRow,
  error: SegmindError,
  mine: Mine,
): Promise<null> {
  const account = ctx.segmind.accountId;
  ctx.log.warn({ err: error, generationId: run.id }, 'the provider did not take the run');
  const reason = pauseReasons.find((each) => each === error.code);
  if (error.meaning === 'REFUSED' || reason) {
    if (reason) {
      const model = reason === 'FORBIDDEN' ? run.model : '';
      await pauseProvider(ctx, { account, model, reason, durationMs: probeEveryMs });
    }
    return fail(ctx, run, error, mine);
  }
  if (error.code === 'RATE_LIMITED') {
    ctx.pace(account).slower();
    const durationMs = error.retryAt
      ? Math.max(error.retryAt.getTime() - ctx.clock.now().getTime(), 500)
      : rateLimitPauseMs;
    await pauseProvider(ctx, { account, reason: 'RATE_LIMITED', durationMs });
    return requeue(ctx, run, durationMs, mine);
  }
  // Unreachable: the older the run, the longer the wait.
  const ageMs = ctx.clock.now().getTime() - run.requestedAt.getTime();
  return requeue(ctx, run, Math.min(Math.max(ageMs / 4, 1_000), 60_000), mine);
}
