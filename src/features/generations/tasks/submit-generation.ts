import { setTimeout as sleep } from 'node:timers/promises';
import { findImageModel } from '../../../catalogue/catalogue.ts';
import { toError } from '../../../errors.ts';
import type { TaskContext } from '../../../platform/context.ts';
import type { Transaction } from '../../../platform/db/connect.ts';
import { isTransient } from '../../../platform/db/transient.ts';
import { newWakeupId, type Wakeup } from '../../../platform/jobs/job-queue.ts';
import { SegmindError } from '../../../platform/segmind/segmind-error.ts';
import { judgeAccount, type Submittable } from '../../provider-keys/account-in-force.ts';
import { AccountUnusable, accountInForce } from '../../provider-keys/provider-key.queries.ts';
import { atMove } from '../move-generation.ts';
import { moveTogether, type SharedMove } from '../move-together.ts';
import type { GenerationRow } from '../progress.ts';
import { noteWaiting } from '../waiting.ts';
import { isDuplicateRequestId, keepResult } from './keep-result.ts';
import { persist } from './persist.ts';
import { claimProbe, endPauses, findPause, type PauseReason, pauseProvider } from './provider-pause.ts';
import { fail, type Mine, postpone, requeue, restUncertain } from './put-back.ts';
import { buildBody } from './reference-urls.ts';

/** A key that was refused is tried at most this often. */
const probeEveryMs = 60_000;
const rateLimitPauseMs = 5_000;
/** How long a run waits whose key this process cannot read. */
const unreadableMs = 2_000;
/** Longer than this nobody waits for the turn of an account. */
const longestTurnMs = 1_000;
const pauseReasons: readonly PauseReason[] = ['UNAUTHORIZED', 'FORBIDDEN', 'NO_CREDITS'];

/**
 * The dangerous step: the provider has no idempotency key, so a POST that may have arrived is never sent again.
 * The intent, with a token, is written before the POST; whoever holds the token may write the answer, however late.
 * Resolves to the run when it goes on now, null when it rests or waits for a later wake-up.
 */
export async function submitGeneration(
  server: TaskContext,
  run: GenerationRow,
  wakeup: Wakeup,
  signal: AbortSignal,
): Promise<GenerationRow | null> {
  const segmind = await accountInForce(server, run.projectId).catch((error: unknown) => {
    if (error instanceof AccountUnusable) return null;
    throw error;
  });
  if (!segmind) {
    // Another process may have the master key: what this one cannot read is no answer of the provider's.
    await noteWaiting(server, run, 'PROVIDER_KEY');
    return postpone(server, run, unreadableMs);
  }
  const ctx = { ...server, segmind };
  const account = ctx.segmind.accountId;
  const pause = await findPause(ctx, account, run.model);
  if (pause) return postpone(ctx, run, pause.remainingMs);
  const waitMs = ctx.pace(account).reserve(longestTurnMs);
  // Whoever waits here keeps a place that another account's run could have.
  if (waitMs > longestTurnMs) return postpone(ctx, run, waitMs);
  await sleep(waitMs, undefined, { signal });
  if (!(await claimProbe(ctx, account, run.model, probeEveryMs))) return postpone(ctx, run, probeEveryMs);

  let body: Record<string, unknown>;
  try {
    body = await buildBody(ctx, run);
  } catch (error) {
    if (error instanceof SegmindError) return notTaken(ctx, run, error, { from: ['QUEUED'] });
    throw error;
  }

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
      name: `account ${account} of ${run.environment}`,
      check: (tx) =>
        mayBegin(tx, {
          projectId: run.projectId,
          environment: run.environment,
          account,
          serverAccount: server.segmind.accountId,
        }),
    },
  }).catch(async (error: unknown) => {
    if (error instanceof AccountChanged) return 'CHANGED' as const;
    if (error instanceof ProjectGivenUp) return 'GIVEN_UP' as const;
    if (error instanceof OtherEnvironment) return 'FOREIGN' as const;
    // It may have been written all the same. Nothing was sent, so there is nothing to be in doubt about.
    if (isTransient(error)) await requeue(ctx, run, 0, mine);
    throw error;
  });
  if (intent === 'CHANGED') return postpone(ctx, run, 0);
  // Whoever removes the project cancels it.
  if (intent === 'GIVEN_UP') return null;
  if (intent === 'FOREIGN') return postpone(ctx, run, unreadableMs);
  // Canceled, or taken by another worker, in the meantime: the next look at the row tells.
  if (!intent) return ctx.db.generation.findUniqueOrThrow({ where: { id: run.id } });
  await noteAttempt(ctx, intent);
  if (signal.aborted || !wakeup.isLeaseFresh()) {
    // Nothing has been sent, and this attempt is the only one that could have.
    await requeue(ctx, run, 0, mine);
    return null;
  }
  try {
    return await post(ctx, intent, body, mine);
  } catch (error) {
    if (!(error instanceof SegmindError)) throw error;
    if (error.meaning !== 'UNCERTAIN') return notTaken(ctx, run, error, mine);
    ctx.log.warn({ err: error, generationId: run.id }, 'the submit ended uncertain');
    await restUncertain(ctx, run, error.detail ?? error.message, { token });
    return null;
  }
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
async function mayBegin(tx: Transaction, begin: Submittable): Promise<void> {
  const { deletingAt } = await tx.project.findUniqueOrThrow({ where: { id: begin.projectId } });
  if (deletingAt) throw new ProjectGivenUp();
  const judged = await judgeAccount(tx, begin);
  if (judged === 'OTHER_ENVIRONMENT') throw new OtherEnvironment();
  if (judged === 'OTHER_ACCOUNT') throw new AccountChanged();
}

/** The database has gone over to another provider environment, which this process does not belong to. */
class OtherEnvironment extends Error {}

/** Another key was set, or this one removed, while the run was made ready. */
class AccountChanged extends Error {}

/** The project was given up while the run was made ready. */
class ProjectGivenUp extends Error {}

async function post(ctx: TaskContext, run: GenerationRow, body: Record<string, unknown>, mine: Mine) {
  const transport =
    ctx.config.SEGMIND_TRANSPORT === 'model'
      ? findImageModel(run.model)?.transport
      : ctx.config.SEGMIND_TRANSPORT;
  if (transport?.toUpperCase() !== 'V1') {
    try {
      const { requestId } = await ctx.segmind.submit(run.model, body);
      ctx.pace(ctx.segmind.accountId).faster();
      return await recordSubmitted(ctx, run, requestId, mine);
    } catch (error) {
      if (!(error instanceof SegmindError) || !error.isRouteRefused) throw error;
      ctx.log.warn({ err: error, generationId: run.id }, 'no asynchronous route, using the synchronous one');
    }
  }
  const result = await ctx.segmind.run(run.model, body);
  ctx.pace(ctx.segmind.accountId).faster();
  return keepResult(ctx, run, result, { ...mine, submitted: true });
}

async function recordSubmitted(ctx: TaskContext, run: GenerationRow, requestId: string, mine: Mine) {
  // A late answer finds its run given up as UNCERTAIN, its wake-up gone: bring a new one.
  const wakeupId = newWakeupId();
  const taken = (set: object): SharedMove => ({
    to: 'SUBMITTED',
    ...mine,
    set: {
      provider_request_id: requestId,
      submitted_at: atMove,
      failure_code: null,
      failure_message: null,
      failure_retryable: null,
      ...set,
    },
  });
  try {
    const row =
      (await persist.execute(() => moveTogether(ctx, run, { ...taken({}), from: ['SUBMITTING'] }))) ??
      (await persist.execute(() =>
        moveTogether(ctx, run, {
          ...taken({ wakeup_id: wakeupId }),
          from: ['UNCERTAIN'],
          wakeup: { id: wakeupId },
        }),
      ));
    await endPauses(ctx, ctx.segmind.accountId, run.model);
    if (!row)
      ctx.log.error(
        { generationId: run.id, requestId },
        'an answer came for a run that was settled without it',
      );
    return row;
  } catch (error) {
    if (!isDuplicateRequestId(error)) throw error;
    ctx.log.error({ generationId: run.id, requestId }, 'the provider answered with the id of another run');
    await restUncertain(ctx, run, 'The provider answered with the id of another run.', mine);
    return null;
  }
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
