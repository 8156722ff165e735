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
  findPause,
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

/** A key that was refused, and an account without credits, are tried at most this often. */
const tryEveryMs = 60_000;
/** A moment in the past is no time to come again. */
const shortestPauseMs = 500;
/** A run that waits for the provider is woken when it answers again. This late it looks by itself. */
const longestLookMs = 30_000;
const shortestLookMs = 2_000;
/** The same where one of the runs that wait must find it out. */
const longestTryMs = 15_000;
/** How long a run waits whose key this process cannot read. */
const unreadableMs = 2_000;
/** A disk that takes no note is looked at again this late. */
const unnotedDelayMs = 5_000;
/** Longer than this nobody waits for the turn of an account. */
const longestTurnMs = 1_000;
/** Refusals that lie with the account: the runs behind this one would be refused as well. */
const refusedAccount: readonly PauseReason[] = ['UNAUTHORIZED', 'FORBIDDEN', 'NO_CREDITS'];

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
    if (!(error instanceof AccountUnusable)) throw error;
    server.keyOutage(run.projectId).failed(error);
    return null;
  });
  // Another process may have the master key: what this one cannot read is no answer of the provider's.
  if (!segmind) return postpone(server, run, unreadableMs, 'PROVIDER_KEY');
  server.keyOutage(run.projectId).worked();
  const ctx = { ...server, segmind };
  const account = ctx.segmind.accountId;
  const scope = { account, model: run.model };
  const pause = await findPause(ctx, scope);
  if (pause) return waitForPause(ctx, run, pause);
  if (await ctx.health.isGone()) return postpone(ctx, run, shortestLookMs, 'PROVIDER_UNAVAILABLE');
  const pace = ctx.pace(account);
  const waitMs = pace.reserve(longestTurnMs);
  // A run that waits here keeps a place that another account's run could have.
  if (waitMs > longestTurnMs) return postpone(ctx, run, waitMs, 'PROVIDER_RATE_LIMIT');
  if (waitMs > 0) {
    await sleep(waitMs, undefined, { signal });
    // Another one may have been refused meanwhile.
    const next = await findPause(ctx, scope);
    if (next) return waitForPause(ctx, run, next);
  }
  // What cannot be stored must not be bought.
  if ((await ctx.storage.health.prove()) !== null) return waitForStorage(ctx, run);
  const tried = await claimTry(ctx, scope, tryEveryMs);
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
  // Another submit may have broken off: as long as it is not known why, none is risked.
  if (await ctx.health.isGone()) return postpone(ctx, run, shortestLookMs, 'PROVIDER_UNAVAILABLE');

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
  if (intent === 'FOREIGN') return postpone(ctx, run, unreadableMs, 'ENVIRONMENT');
  // Nothing has been sent, and this attempt is the only one that could have.
  if (await ctx.health.isGone()) return requeue(ctx, run, shortestLookMs, mine, 'PROVIDER_UNAVAILABLE');
  if (signal.aborted || !wakeup.isLeaseFresh()) return requeue(ctx, run, 0, mine);
  return wakeup.finish(async (hurried) => {
    try {
      return await postRun(ctx, intent, body, mine, hurried);
    } catch (error) {
      if (!(error instanceof SegmindError)) throw error;
      if (error.meaning !== 'UNCERTAIN') return notTaken(ctx, run, error, mine, sentAt);
      ctx.log.warn({ generationId: run.id, reason: error.message }, 'the submit ended uncertain');
      // Before anything is written: meanwhile others would be sent.
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

/** The longer pictures could not be stored, the more rarely a run looks whether they can. */
function waitForStorage(ctx: TaskContext, run: GenerationRow): Promise<null> {
  const delayMs = Math.min(Math.max(ctx.storage.health.illForMs() / 4, 1_000), 10_000);
  return postpone(ctx, run, delayMs, 'STORAGE');
}

/** Waits for the end of a pause. Where that is not known, the run is woken; the longer it lasts, the more rarely it looks. */
function waitForPause(ctx: TaskContext, run: GenerationRow, pause: Pause): Promise<null> {
  return postpone(ctx, run, lookInMs(pause), waitOfPause[pause.reason]);
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
  // These are told when they begin and when they are over, not for each run.
  ctx.log.debug(said, 'the provider did not take the run');
  if (error.code === 'RATE_LIMITED') {
    const toldMs = error.retryAt && error.retryAt.getTime() - ctx.clock.now().getTime();
    const durationMs = toldMs === null ? null : Math.max(toldMs, shortestPauseMs);
    const pause = await persist.execute(() =>
      pauseProvider(ctx, { account, reason: 'RATE_LIMITED', durationMs }),
    );
    ctx.pace(account).slower(sentAt, pause.remainingMs);
    return requeue(ctx, run, lookInMs(pause), mine, 'PROVIDER_RATE_LIMIT');
  }
  // The older the run, the longer the wait; where the provider is away, all are woken when it is back. The run is put back
  // before the provider is asked, so a process that ends meanwhile leaves no run in doubt that was not taken.
  const ageMs = ctx.clock.now().getTime() - run.requestedAt.getTime();
  await requeue(ctx, run, Math.min(Math.max(ageMs / 4, 1_000), 60_000), mine, 'PROVIDER_UNAVAILABLE');
  await ctx.health.suspect(error);
  return null;
}
