import { setTimeout as sleep } from 'node:timers/promises';
import { StorageUnavailable } from '../../../errors.ts';
import type { TaskContext } from '../../../platform/context.ts';
import type { Wakeup } from '../../../platform/jobs/wakeup.ts';
import { SegmindError } from '../../../platform/segmind/segmind-error.ts';
import { AccountUnusable, accountInForce } from '../../provider-keys/provider-key.queries.ts';
import type { GenerationRow } from '../progress.ts';
import { reviewDatabase } from '../review/review-database.ts';
import { untilStored } from './await-storage.ts';
import { intend } from './intend.ts';
import { keepAnswer, unwritten } from './keep-result.ts';
import { postRun } from './post-run.ts';
import { failureOfReference } from './provider-failure.ts';
import { claimProbe, findPause, type PauseReason, pauseProvider } from './provider-pause.ts';
import { fail, failUnsent, type Mine, postpone, requeue, restUncertain } from './put-back.ts';
import { buildBody, ReferenceMissing } from './reference-urls.ts';
import type { Worker } from './worker.ts';

/** A key that was refused is tried at most this often. */
const probeEveryMs = 60_000;
const rateLimitPauseMs = 5_000;
/** How long a run waits whose key this process cannot read. */
const unreadableMs = 2_000;
/** A disk that takes no note is looked at again this late. */
const unnotedDelayMs = 5_000;
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
    if (error instanceof AccountUnusable) return null;
    throw error;
  });
  if (!segmind) {
    // Another process may have the master key: what this one cannot read is no answer of the provider's.
    return postpone(server, run, unreadableMs, 'PROVIDER_KEY');
  }
  const ctx = { ...server, segmind };
  const account = ctx.segmind.accountId;
  const pause = await findPause(ctx, account, run.model);
  if (pause) return postpone(ctx, run, pause.remainingMs);
  const waitMs = ctx.pace(account).reserve(longestTurnMs);
  // A run that waits here keeps a place that another account's run could have.
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

  const mine = { token: ctx.random.uuid(), from: ['SUBMITTING', 'UNCERTAIN'] } as const;
  const intent = await intend(ctx, run, mine);
  if (intent === 'WENT_BACK') await reviewDatabase(ctx, [run.id]);
  // The row tells what became of the run, if it is still there.
  if (intent === 'WENT_BACK' || intent === 'MOVED')
    return ctx.db.generation.findUnique({ where: { id: run.id } });
  if (intent === 'CHANGED') return postpone(ctx, run, 0);
  if (intent === 'UNNOTED') return postpone(ctx, run, unnotedDelayMs, 'STORAGE');
  // The removal of the project cancels it.
  if (intent === 'GIVEN_UP') return null;
  // The watch over the environment says so, and this process rests.
  if (intent === 'FOREIGN') return postpone(ctx, run, unreadableMs);
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
      try {
        await restUncertain(ctx, run, error.detail ?? error.message, mine, problems);
      } catch (cause) {
        if (problems.length > 0) ctx.log.error({ err: cause, generationId: run.id, problems }, unwritten);
        throw cause;
      }
      return null;
    }
  });
}

/** The longer pictures could not be stored, the more rarely a run looks whether they can. */
function waitForStorage(ctx: TaskContext, run: GenerationRow): Promise<null> {
  const delayMs = Math.min(Math.max(ctx.storage.health.illForMs() / 4, 1_000), 10_000);
  return postpone(ctx, run, delayMs, 'STORAGE');
}

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
