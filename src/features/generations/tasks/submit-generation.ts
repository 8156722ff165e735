import { findImageModel } from '../../../catalogue/catalogue.ts';
import type { TaskContext } from '../../../platform/context.ts';
import { newWakeupId, type Wakeup } from '../../../platform/jobs/job-queue.ts';
import { SegmindError } from '../../../platform/segmind/segmind-error.ts';
import { accountInForce } from '../../provider-keys/provider-key.queries.ts';
import { failureCodes, failureColumns } from '../failure.ts';
import { atMove, type Move, moveGeneration } from '../move-generation.ts';
import type { GenerationRow } from '../progress.ts';
import { isDuplicateRequestId, keepResult } from './keep-result.ts';
import { persist } from './persist.ts';
import { withJitter } from './poll-timing.ts';
import { failureOfRefusal } from './provider-failure.ts';
import { claimProbe, endPauses, findPause, type PauseReason, pauseProvider } from './provider-pause.ts';
import { buildBody } from './reference-urls.ts';

/** A key that was refused is tried at most this often. */
const probeEveryMs = 60_000;
const rateLimitPauseMs = 5_000;
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
    if (error instanceof SegmindError) return error;
    throw error;
  });
  // Nobody else's runs are held up by a key that only this project has.
  if (segmind instanceof SegmindError) return fail(server, run, segmind, { from: ['QUEUED'] });
  const ctx = { ...server, segmind };
  const account = ctx.segmind.accountId;
  const pause = await findPause(ctx, account, run.model);
  if (pause) return postpone(ctx, run, pause.remainingMs);
  if (!(await claimProbe(ctx, account, run.model, probeEveryMs))) return postpone(ctx, run, probeEveryMs);
  await ctx.pace(account).turn(signal);

  let body: Record<string, unknown>;
  try {
    body = await buildBody(ctx, run);
  } catch (error) {
    if (error instanceof SegmindError) return notTaken(ctx, run, error, { from: ['QUEUED'] });
    throw error;
  }

  const token = ctx.random.uuid();
  const intent = await moveGeneration(ctx, run.id, {
    to: 'SUBMITTING',
    from: ['QUEUED'],
    unlessCanceled: true,
    set: { attempt_token: token, provider_account: account },
  });
  // Canceled, or taken by another worker, in the meantime: the next look at the row tells.
  if (!intent) return ctx.db.generation.findUniqueOrThrow({ where: { id: run.id } });
  const mine = { token, from: ['SUBMITTING', 'UNCERTAIN'] } as const;
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
    await restUncertain(ctx, run.id, error.detail ?? error.message, { token });
    return null;
  }
}

type Mine = Pick<Move, 'token' | 'from'>;

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
  const taken = (set: object, also?: Move['also']): Move => ({
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
    also,
  });
  try {
    const row =
      (await persist.execute(() => moveGeneration(ctx, run.id, { ...taken({}), from: ['SUBMITTING'] }))) ??
      (await persist.execute(() =>
        moveGeneration(ctx, run.id, {
          ...taken({ wakeup_id: wakeupId }, (tx) =>
            ctx.jobs.send(tx, { id: wakeupId, generationId: run.id }),
          ),
          from: ['UNCERTAIN'],
        }),
      ));
    await endPauses(ctx, ctx.segmind.accountId, run.model);
    return row;
  } catch (error) {
    if (!isDuplicateRequestId(error)) throw error;
    ctx.log.error({ generationId: run.id, requestId }, 'the provider answered with the id of another run');
    await restUncertain(ctx, run.id, 'The provider answered with the id of another run.', mine);
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

/** Ends a run that the provider does not take, and will not. */
async function fail(ctx: TaskContext, run: GenerationRow, error: SegmindError, mine: Mine): Promise<null> {
  await persist.execute(() =>
    moveGeneration(ctx, run.id, {
      to: 'FAILED',
      ...mine,
      set: { ...failureColumns(failureOfRefusal(error)), cost_micros: '0', cost_source: 'NOT_CHARGED' },
    }),
  );
  return null;
}

/** Puts a run that holds an attempt back into the queue, or ends it when somebody has asked to cancel. */
async function requeue(ctx: TaskContext, run: GenerationRow, delayMs: number, mine: Mine): Promise<null> {
  if (mine.token === undefined) return postpone(ctx, run, delayMs);
  const wakeupId = newWakeupId();
  await persist.execute(() =>
    moveGeneration(ctx, run.id, {
      to: 'QUEUED',
      ...mine,
      set: { wakeup_id: wakeupId, attempt_token: null },
      also: (tx) => ctx.jobs.send(tx, { id: wakeupId, generationId: run.id, delayMs: spread(ctx, delayMs) }),
    }),
  );
  return null;
}

/** Lets a queued run wait without touching its status. */
async function postpone(ctx: TaskContext, run: GenerationRow, delayMs: number): Promise<null> {
  const wakeupId = newWakeupId();
  await ctx.db.$transaction(async (tx) => {
    const { count } = await tx.generation.updateMany({
      where: { id: run.id, status: 'QUEUED', wakeupId: run.wakeupId },
      data: { wakeupId },
    });
    if (count > 0)
      await ctx.jobs.send(tx, { id: wakeupId, generationId: run.id, delayMs: spread(ctx, delayMs) });
  });
  return null;
}

function spread(ctx: TaskContext, delayMs: number): number {
  return withJitter(delayMs, ctx.random.below(1_000) / 1_000) + ctx.random.below(250);
}

/** The run rests: it may have been taken and paid, and only proof or a person moves it on. */
export async function restUncertain(
  ctx: TaskContext,
  id: string,
  reason: string,
  only: Pick<Move, 'token'>,
): Promise<void> {
  const failure = {
    code: 'SUBMISSION_UNCERTAIN',
    message: `${failureCodes.SUBMISSION_UNCERTAIN} ${reason}`,
    retryable: false,
  } as const;
  await persist.execute(() =>
    moveGeneration(ctx, id, {
      to: 'UNCERTAIN',
      from: ['SUBMITTING'],
      token: only.token,
      set: failureColumns(failure),
    }),
  );
}
