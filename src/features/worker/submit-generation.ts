import { setTimeout as sleep } from 'node:timers/promises';
import { StorageUnavailable } from '../../errors.ts';
import type { TaskContext } from '../../platform/context.ts';
import { persist } from '../../platform/db/persist.ts';
import { SegmindError } from '../../platform/segmind/segmind-error.ts';
import { reviewDatabase } from '../database-review/review-database.ts';
import type { GenerationRow } from '../generations/progress.ts';
import type { Wakeup } from '../generations/queue/wakeup.ts';
import { waitOfPause } from '../generations/waiting.ts';
import {
  claimTry,
  findPauses,
  type Pause,
  type PauseReason,
  pauseProvider,
} from '../provider/provider-pause.ts';
import { AccountUnusable, accountInForce } from '../provider-keys/provider-key.queries.ts';
import { intend } from './intend.ts';
import { postRun } from './post-run.ts';
import { failureOfReference } from './provider-failure.ts';
import { fail, failUnsent, type Mine, postpone, requeue, restUncertain } from './put-back.ts';
import { buildBody, ReferenceMissing } from './reference-urls.ts';
import { untilStored } from './results/await-storage.ts';
import { keepAnswer, unwritten } from './results/keep-result.ts';
import type { Worker } from './worker.ts';

/*
 * The provider has no idempotency key, and no job runner makes a paid call exactly once. So the intent to submit,
 * with a token, is committed before the POST. Only the holder of the token may write the answer, however late it
 * comes. Any other worker that finds SUBMITTING makes the run UNCERTAIN.
 *
 * Only an answer which proves that nothing was taken (a refused connection, 4xx, 429) leads back to the queue or to
 * FAILED. An intent whose commit was not answered goes back to the queue by its own token, because its attempt knows
 * that it sent nothing. A seed is drawn and stored before the POST, so that a lost attempt can be recognised at the
 * provider.
 *
 * The run that meets a refused key fails with the reason. The others wait in the queue, and one of them tries the
 * key once a minute. So ten thousand queued runs survive a key that was rotated wrongly.
 */

/** The shortest time between two tries of a refused key, or of an account without credits. */
const tryEveryMs = 60_000;
/** The shortest pause, also when the provider's moment to come again is in the past. */
const shortestPauseMs = 500;
/** A run that waits for the provider is woken when the provider answers again. After this time it looks by itself. */
const longestLookMs = 30_000;
const shortestLookMs = 2_000;
/** The same when one of the waiting runs must try whether the provider answers again. */
const longestTryMs = 15_000;
/** How long a run waits when this process cannot read its key. */
const unreadableMs = 2_000;
/** How long a run waits when its intent cannot be noted on the disk. */
const unnotedDelayMs = 5_000;
/** The longest wait for an account's turn. A run with a longer wait gets a later wake-up. */
const longestTurnMs = 1_000;
/** Refusals because of the account: the next runs of the account would also be refused. */
const refusedAccount: readonly PauseReason[] = ['UNAUTHORIZED', 'FORBIDDEN', 'NO_CREDITS'];

/**
 * The dangerous step: the provider has no idempotency key, so a POST that may have arrived is never sent again. The
 * intent, with a token, is written before the POST. The worker that holds the token may write the answer, also late.
 * Resolves to the run when its next step can follow at once, null when it rests or waits for a later wake-up.
 */
export async function submitGeneration(
  server: Worker,
  run: GenerationRow,
  wakeup: Wakeup,
  signal: AbortSignal,
): Promise<GenerationRow | null> {
  if (server.storage.health.problem !== null) return waitForStorage(server, run);
  const segmind = await accountInForce(server, run.projectId).catch((error: unknown) => {
    if (!(error instanceof AccountUnusable)) throw error;
    server.keyOutage(run.projectId).failed(error);
    return null;
  });
  // Another process may have the master key, so a key that this process cannot read is no failure of the run.
  if (!segmind) return postpone(server, run, unreadableMs, 'PROVIDER_KEY');
  server.keyOutage(run.projectId).worked();
  const ctx = { ...server, segmind };
  const account = ctx.segmind.accountId;
  const scope = { account, model: run.model };
  let pauses = await findPauses(ctx, scope);
  if (pauses.inForce) return waitForPause(ctx, run, pauses.inForce);
  if (await ctx.health.isGone()) return postpone(ctx, run, awayMs(ctx), 'PROVIDER_UNAVAILABLE');
  const pace = ctx.pace(account);
  const waitMs = pace.reserve(longestTurnMs);
  // A run that waits here keeps a place that a run of another account could use, so only short waits happen here.
  if (waitMs > longestTurnMs) return postpone(ctx, run, waitMs, 'PROVIDER_RATE_LIMIT');
  if (waitMs > 0) {
    await sleep(waitMs, undefined, { signal });
    // Another run may have been refused meanwhile.
    pauses = await findPauses(ctx, scope);
    if (pauses.inForce) return waitForPause(ctx, run, pauses.inForce);
  }
  // A result that cannot be stored must not be bought.
  if ((await ctx.storage.health.prove()) !== null) return waitForStorage(ctx, run);
  const tried = pauses.isAny ? await claimTry(ctx, scope, tryEveryMs) : null;
  if (tried) return waitForPause(ctx, run, tried);
  const sentAt = pace.now();

  let body: Record<string, unknown>;
  try {
    body = await buildBody(ctx, run);
  } catch (error) {
    if (error instanceof SegmindError) return notTaken(ctx, run, error, { from: ['QUEUED'] }, sentAt);
    if (error instanceof StorageUnavailable) return waitForStorage(ctx, run);
    if (error instanceof ReferenceMissing) return failUnsent(ctx, run, failureOfReference(error));
    throw error;
  }
  // Uploading pictures may have taken a while.
  if (ctx.storage.health.problem !== null) return waitForStorage(ctx, run);
  // The connection of another submit may have broken. Until the reason is known, no run is submitted.
  if (await ctx.health.isGone()) return postpone(ctx, run, awayMs(ctx), 'PROVIDER_UNAVAILABLE');

  const mine = { token: ctx.random.uuid(), from: ['SUBMITTING', 'UNCERTAIN'] } as const;
  const intent = await intend(ctx, run, mine);
  if (intent === 'WENT_BACK') await reviewDatabase(ctx, [run.id]);
  // The row has the run's new status, if the run still exists.
  if (intent === 'WENT_BACK' || intent === 'MOVED')
    return ctx.db.generation.findUnique({ where: { id: run.id } });
  if (intent === 'CHANGED') return postpone(ctx, run, 0);
  if (intent === 'UNNOTED') return postpone(ctx, run, unnotedDelayMs, 'STORAGE');
  // The deletion of the project cancels the run.
  if (intent === 'GIVEN_UP') return null;
  // The watch over the environment logs this, and this process stops submitting.
  if (intent === 'FOREIGN') return postpone(ctx, run, unreadableMs, 'ENVIRONMENT');
  // Only this attempt could have sent the run, and it has not, so the run can go back into the queue.
  if (await ctx.health.isGone()) return requeue(ctx, run, awayMs(ctx), mine, 'PROVIDER_UNAVAILABLE');
  if (signal.aborted || !wakeup.isLeaseFresh()) return requeue(ctx, run, 0, mine);
  return wakeup.finish(async (hurried) => {
    try {
      return await postRun(ctx, intent, body, mine, hurried);
    } catch (error) {
      if (!(error instanceof SegmindError)) throw error;
      if (error.meaning !== 'UNCERTAIN') return notTaken(ctx, run, error, mine, sentAt);
      ctx.log.warn({ generationId: run.id, reason: error.message }, 'the submit ended uncertain');
      // The check begins before the writes below, because other runs would be submitted meanwhile.
      const judged = ctx.health.brokeOff(error);
      const problems = await untilStored(ctx, intent, hurried, () => keepAnswer(ctx, run, error)).catch(
        () => [],
      );
      try {
        await restUncertain(ctx, run, error.detail ?? error.message, mine, problems);
      } catch (cause) {
        if (problems.length > 0) ctx.log.error({ err: cause, generationId: run.id, problems }, unwritten);
        throw cause;
      }
      await judged;
      return null;
    }
  });
}

/** Waits until pictures can be stored. The longer the storage has not worked, the more rarely a run looks. */
function waitForStorage(ctx: TaskContext, run: GenerationRow): Promise<null> {
  const delayMs = Math.min(Math.max(ctx.storage.health.unhealthyForMs() / 4, 1_000), 10_000);
  return postpone(ctx, run, delayMs, 'STORAGE');
}

/**
 * Waits for the end of a pause. When the end is unknown, the run is woken at the end. Until then it looks by itself:
 * the longer the pause lasts, the more rarely.
 */
function waitForPause(ctx: TaskContext, run: GenerationRow, pause: Pause): Promise<null> {
  return postpone(ctx, run, lookInMs(pause), waitOfPause[pause.reason]);
}

/** How long a run waits when this process does not reach the provider. A process that does can take it at once. */
function awayMs({ health }: Worker): number {
  return health.isCutOff() ? 0 : shortestLookMs;
}

function lookInMs({ reason, ageMs, remainingMs }: Pause): number {
  if (reason === 'UNAVAILABLE') return Math.min(Math.max(ageMs / 2, shortestLookMs), longestLookMs);
  if (reason === 'SUBMITS_FAIL') return Math.min(Math.max(ageMs / 2, remainingMs), longestTryMs);
  return remainingMs;
}

/** The provider certainly took nothing: try again later, or fail with its reason. */
async function notTaken(
  ctx: Worker,
  run: GenerationRow,
  error: SegmindError,
  mine: Mine,
  sentAt: number,
): Promise<null> {
  const account = ctx.segmind.accountId;
  const said = { generationId: run.id, reason: error.message };
  const reason = refusedAccount.find((each) => each === error.code);
  if (error.meaning === 'REFUSED' || reason) {
    ctx.log.warn(said, 'the provider did not take the run');
    if (reason) {
      const model = reason === 'FORBIDDEN' ? run.model : '';
      await persist.execute(() => pauseProvider(ctx, { account, model, reason, durationMs: tryEveryMs }));
    }
    return fail(ctx, run, error, mine);
  }
  // The log has the beginning and the end of such a state, not a line for each run.
  ctx.log.debug(said, 'the provider did not take the run');
  if (error.code === 'RATE_LIMITED') {
    const givenMs = error.retryAt && error.retryAt.getTime() - ctx.clock.now().getTime();
    const durationMs = givenMs === null ? null : Math.max(givenMs, shortestPauseMs);
    const pause = await persist.execute(() =>
      pauseProvider(ctx, { account, reason: 'RATE_LIMITED', durationMs }),
    );
    ctx.pace(account).slower(sentAt, pause.remainingMs);
    return requeue(ctx, run, lookInMs(pause), mine, 'PROVIDER_RATE_LIMIT');
  }
  // The older the run, the longer the wait. When the provider is unavailable, all waiting runs are woken when it
  // answers again. The run is put back before the provider is checked, so that a process that ends meanwhile does not
  // leave the run in doubt.
  const ageMs = ctx.clock.now().getTime() - run.requestedAt.getTime();
  await requeue(ctx, run, Math.min(Math.max(ageMs / 4, 1_000), 60_000), mine, 'PROVIDER_UNAVAILABLE');
  await ctx.health.suspect(error);
  return null;
}
