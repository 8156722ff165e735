import { StorageUnavailable } from '../../errors.ts';
import { persist } from '../../platform/db/persist.ts';
import type { Metrics, Status } from '../../platform/segmind/result.ts';
import { SegmindError } from '../../platform/segmind/segmind-error.ts';
import { failureColumns } from '../generations/failure.ts';
import { atMove, type Move } from '../generations/move-generation.ts';
import { moveTogether } from '../generations/move-together.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { noteWaiting, type WaitReason, waitOf } from '../generations/waiting.ts';
import { isAway } from '../provider/answering.ts';
import { AccountUnusable } from '../provider-keys/provider-key.queries.ts';
import { type ExpectedEnd, errorDelayMs, pollDelayMs } from './poll-timing.ts';
import { failureOfRun } from './provider-failure.ts';
import { postpone } from './put-back.ts';
import { awaitStorage, untilStored } from './results/await-storage.ts';
import { costColumns, failPaid, keepAnswer, keepResult, letGo } from './results/keep-result.ts';
import { restate } from './results/record-late.ts';
import { accountOfRun, isKeyRefused } from './run-account.ts';
import type { Worker } from './worker.ts';

/**
 * A request that is unknown once may only be late to arrive; unknown this often in a row, it is gone. In the same way it has
 * failed when the HTTP status says so this often in a row, although no answer has a body that tells the state.
 */
const surelyAfter = 4;
/** One poll that fails says little; so many in a row are told. */
const tellsAfter = 2;

/**
 * Asks after a submitted run until it has ended or the provider forgets it. Reading costs nothing, so every error
 * is tried again, ever more slowly. Resolves to the run when its result is written down, null when it has ended.
 */
export async function pollGeneration(
  ctx: Worker,
  submitted: GenerationRow,
  signal: AbortSignal,
): Promise<GenerationRow | null> {
  const { config } = ctx;
  const account = accountOfRun(ctx, submitted);
  const { providerRequestId: requestId, submittedAt } = submitted;
  if (requestId === null || submittedAt === null) throw new Error('A submitted run has no request id.');
  const timing = { minMs: config.SEGMIND_POLL_MIN_MS, maxMs: config.SEGMIND_POLL_MAX_MS };
  const chance = () => ctx.random.below(1_000) / 1_000;
  const expected = await expectedEnd(ctx, submitted);
  const startAgeMs = (await ctx.databaseNow()) - submittedAt.getTime();
  const startedAt = performance.now();
  const age = () => startAgeMs + (performance.now() - startedAt);
  let run = submitted;
  let errorsInRow = 0;
  let unknownInRow = 0;
  let failedInRow = 0;
  let waiting = waitOf(submitted)?.reason ?? null;
  const waitFor = async (reason: WaitReason | null) => {
    if (reason !== waiting) await noteWaiting(ctx, run, reason);
    waiting = reason;
  };
  let metrics: Status['metrics'] | null = null;

  for (;;) {
    // Of this look alone: it may hold a whole answer.
    let failure: unknown = null;
    const delayMs =
      errorsInRow > 0
        ? errorDelayMs(errorsInRow, timing, chance())
        : pollDelayMs(age(), expected, timing, chance());
    await ctx.wheel.sleep(delayMs, signal);
    try {
      const pausedMs = ctx.pollPauses.remainingMs(account.client?.accountId ?? run.providerAccount ?? '');
      // Those that were held up come back one after another.
      if (pausedMs > 0) await ctx.wheel.sleep(pausedMs + chance() * timing.maxMs, signal);
      const status = await account.status(requestId);
      errorsInRow = unknownInRow = failedInRow = 0;
      if (waiting !== 'STORAGE') await waitFor(null);
      if (status.state === 'COMPLETED') {
        metrics = status.metrics;
        const asked = { ...ctx, segmind: account.client ?? ctx.segmind };
        return await ctx.results.take(run.projectId, () => collect(asked, run, requestId, status, signal));
      }
      if (status.state === 'FAILED') return await fail(ctx, run, status);
      for (const step of newsOf(ctx, run, status, age())) run = (await moveTogether(ctx, run, step)) ?? run;
    } catch (error) {
      failure = error;
      errorsInRow += 1;
      if (error instanceof AccountUnusable) {
        await waitFor('PROVIDER_KEY');
        // Another process may have the key. Once the provider has forgotten the run, no key helps.
        if (age() <= config.SEGMIND_RETENTION_MS)
          return postpone(ctx, run, config.SEGMIND_POLL_MAX_MS, 'PROVIDER_KEY');
      } else if (error instanceof StorageUnavailable) {
        // Its bytes are in the provider's answer, which can be read again: nothing is held while it waits.
        await awaitStorage(ctx, run, signal, config.SEGMIND_RETENTION_MS - age());
        waiting = 'STORAGE';
      } else if (!(error instanceof SegmindError)) throw error;
      const said = error instanceof SegmindError ? error : null;
      // Only the account that took the run can say that it does not know it.
      const isUnknown = said?.code === 'REQUEST_NOT_FOUND' && run.providerAccount !== null;
      unknownInRow = isUnknown ? unknownInRow + 1 : 0;
      failedInRow = said?.code === 'JOB_FAILED' ? failedInRow + 1 : 0;
      if (said && failedInRow >= surelyAfter)
        return await fail(ctx, run, { error: said.detail, metrics: null });
      ctx.log.debug({ err: error, generationId: run.id }, 'a poll failed');
      const reason = waitOfError(said, errorsInRow);
      if (reason !== null) await waitFor(reason);
      // What the provider does not answer to one run it may not answer to others that are about to be submitted.
      if (errorsInRow === tellsAfter) void ctx.health.suspect(error);
      if (said?.code === 'RATE_LIMITED' && account.client) {
        const toldMs = said.retryAt && said.retryAt.getTime() - ctx.clock.now().getTime();
        ctx.pollPauses.pause(account.client.accountId, toldMs);
      }
    }
    const isPastRetention = age() > config.SEGMIND_RETENTION_MS;
    if (unknownInRow >= surelyAfter || (isPastRetention && errorsInRow > 0)) {
      const detail =
        waiting === 'PROVIDER_KEY' ? 'No usable key of the account that took it was known in time.' : '';
      await giveUp(ctx, run, { failure, detail, metrics, signal });
      return null;
    }
    // A job that never ends is let go with the record of it.
    if (age() > config.SEGMIND_RETENTION_MS * 1.1) {
      await failPaid(
        ctx,
        run,
        'RESULT_EXPIRED',
        'It was still running when the provider stopped keeping it.',
        null,
      );
      return null;
    }
  }
}

/** What a run waits for whose polls have failed so often in a row; null where that is not known, or not yet. */
function waitOfError(error: SegmindError | null, errorsInRow: number): WaitReason | null {
  if (isKeyRefused(error)) return 'PROVIDER_KEY';
  if (error === null || errorsInRow < tellsAfter) return null;
  if (error.code === 'RATE_LIMITED') return 'PROVIDER_RATE_LIMIT';
  return isAway(error) ? 'PROVIDER_UNAVAILABLE' : null;
}

/** When such runs have ended so far; null where that is not known. */
async function expectedEnd(ctx: Worker, run: GenerationRow): Promise<ExpectedEnd | null> {
  const time = await ctx.observedTimes(run.model, run.priceShape);
  return time && { fromMs: time.seconds5 * 1_000, toMs: time.seconds95 * 1_000 };
}

/** What a poll tells of a run that goes on; hardly ever anything. */
function newsOf(ctx: Worker, run: GenerationRow, { state }: Status, ageMs: number): Move[] {
  const hasStarted = state === 'PROCESSING' && run.status === 'SUBMITTED';
  const to = hasStarted ? 'PROCESSING' : run.status;
  return [
    ...(hasStarted ? [{ to, set: { startedAt: atMove } } as const] : []),
    ...(ageMs > ctx.config.SEGMIND_SLOW_AFTER_MS && !run.isSlow
      ? [{ to, from: [to], set: { isSlow: true }, event: 'GENERATION_SLOW' } as const]
      : []),
  ];
}

async function collect(
  ctx: Worker,
  run: GenerationRow,
  requestId: string,
  status: Status,
  signal: AbortSignal,
): Promise<GenerationRow | null> {
  // Another worker's, by the time that it is this one's turn.
  signal.throwIfAborted();
  try {
    const result = await ctx.segmind.result(requestId);
    const metrics = { ...result.metrics, costMicros: result.metrics.costMicros ?? status.metrics.costMicros };
    const from = ['SUBMITTED', 'PROCESSING'] as const;
    const kept = await keepResult(ctx, run, { ...result, metrics }, { from });
    if (!kept) await restate(ctx, run);
    return kept;
  } catch (error) {
    if (!(error instanceof SegmindError)) throw error;
    // The status said otherwise a moment ago, but the result is the last word.
    if (error.code === 'JOB_FAILED') return fail(ctx, run, { ...status, error: error.detail });
    if (error.code !== 'ANSWER_INVALID') throw error;
    const problems = await keepAnswer(ctx, run, error).catch(async (cause: unknown) => {
      // The next poll reads it anew.
      await letGo(error.spooled);
      throw cause;
    });
    await failPaid(ctx, run, 'RESULT_INVALID', error.detail ?? '', status.metrics, problems);
    return null;
  }
}

/** The provider keeps the result no longer. What the last attempt to read it has brought is kept. */
async function giveUp(
  ctx: Worker,
  run: GenerationRow,
  last: { failure: unknown; detail: string; metrics: Status['metrics'] | null; signal: AbortSignal },
): Promise<void> {
  const { failure, detail, metrics, signal } = last;
  if (failure instanceof StorageUnavailable) return failPaid(ctx, run, 'STORAGE_FAILED', '', metrics);
  const problems =
    failure instanceof SegmindError
      ? await untilStored(ctx, run, signal, () => keepAnswer(ctx, run, failure))
      : [];
  await failPaid(ctx, run, 'RESULT_EXPIRED', detail, metrics, problems);
}

/** How a run failed: the provider's sentence, and its figures where it told any. */
interface Failed {
  readonly error: string | null;
  readonly metrics: Metrics | null;
}

async function fail(ctx: Worker, run: GenerationRow, { error, metrics }: Failed): Promise<null> {
  const isCharged = metrics?.costMicros != null || ctx.config.SEGMIND_FAILED_RUNS === 'charged';
  const failed = await persist.execute(() =>
    moveTogether(ctx, run, {
      to: 'FAILED',
      from: ['SUBMITTED', 'PROCESSING'],
      set: {
        ...failureColumns(failureOfRun(error)),
        inferenceSeconds: metrics?.inferenceSeconds ?? null,
        ...(isCharged ? costColumns(run, metrics) : { costMicros: 0n, costSource: 'NOT_CHARGED' }),
      },
    }),
  );
  if (!failed) await restate(ctx, run);
  return null;
}
