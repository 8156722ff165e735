import { StorageUnavailable } from '../../../errors.ts';
import type { Status } from '../../../platform/segmind/result.ts';
import type { Segmind } from '../../../platform/segmind/segmind.ts';
import { SegmindError } from '../../../platform/segmind/segmind-error.ts';
import { accountOf } from '../../provider-keys/provider-key.queries.ts';
import { failureColumns } from '../failure.ts';
import { atMove, type Move } from '../move-generation.ts';
import { moveTogether } from '../move-together.ts';
import type { GenerationRow } from '../progress.ts';
import { awaitStorage, untilStored } from './await-storage.ts';
import { costColumns, failPaid, keepAnswer, keepResult } from './keep-result.ts';
import { persist } from './persist.ts';
import { type ExpectedEnd, errorDelayMs, pollDelayMs } from './poll-timing.ts';
import { failureOfRun } from './provider-failure.ts';
import type { Worker } from './worker.ts';

/** A request that is unknown once may only be late to arrive; unknown this often in a row, it is gone. */
const unknownLimit = 4;

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
  let segmind: Segmind | undefined;
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
      segmind ??= await accountOf(ctx, submitted);
      const pausedMs = ctx.pollPauses.remainingMs(segmind.accountId);
      // Those that were held up come back one after another.
      if (pausedMs > 0) await ctx.wheel.sleep(pausedMs + chance() * timing.maxMs, signal);
      const status = await segmind.status(requestId);
      errorsInRow = unknownInRow = 0;
      if (status.state === 'COMPLETED') {
        metrics = status.metrics;
        const account = { ...ctx, segmind };
        return await ctx.results.take(run.projectId, () => collect(account, run, requestId, status, signal));
      }
      if (status.state === 'FAILED') return await fail(ctx, run, status);
      for (const step of newsOf(ctx, run, status, age())) run = (await moveTogether(ctx, run, step)) ?? run;
    } catch (error) {
      failure = error;
      errorsInRow += 1;
      // Its bytes are in the provider's answer, which can be read again: nothing is held while it waits.
      if (error instanceof StorageUnavailable)
        await awaitStorage(ctx, run, signal, config.SEGMIND_RETENTION_MS - age());
      else if (!(error instanceof SegmindError)) throw error;
      else {
        unknownInRow = error.code === 'REQUEST_NOT_FOUND' ? unknownInRow + 1 : 0;
        if (error.code === 'RATE_LIMITED' && segmind) {
          const toldMs = error.retryAt && error.retryAt.getTime() - ctx.clock.now().getTime();
          ctx.pollPauses.pause(segmind.accountId, toldMs);
        }
        ctx.log.debug({ err: error, generationId: run.id }, 'a poll failed');
      }
    }
    const isPastRetention = age() > config.SEGMIND_RETENTION_MS;
    if (unknownInRow >= unknownLimit || (isPastRetention && errorsInRow > 0)) {
      await giveUp(ctx, run, { failure, metrics, signal });
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
    ...(hasStarted ? [{ to, set: { started_at: atMove } } as const] : []),
    ...(ageMs > ctx.config.SEGMIND_SLOW_AFTER_MS && !run.isSlow
      ? [{ to, from: [to], set: { is_slow: true }, event: 'GENERATION_SLOW' } as const]
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
    return await keepResult(ctx, run, { ...result, metrics }, { from: ['SUBMITTED', 'PROCESSING'] });
  } catch (error) {
    if (!(error instanceof SegmindError)) throw error;
    // The status said otherwise a moment ago, but the result is the last word.
    if (error.code === 'JOB_FAILED') return fail(ctx, run, { ...status, error: error.detail });
    if (error.code !== 'ANSWER_INVALID') throw error;
    const problems = await keepAnswer(ctx, run, error);
    await failPaid(ctx, run, 'RESULT_INVALID', error.detail ?? '', status.metrics, problems);
    return null;
  }
}

/** The provider keeps the result no longer. What the last attempt to read it has brought is kept. */
async function giveUp(
  ctx: Worker,
  run: GenerationRow,
  last: { failure: unknown; metrics: Status['metrics'] | null; signal: AbortSignal },
): Promise<void> {
  const { failure, metrics, signal } = last;
  if (failure instanceof StorageUnavailable) return failPaid(ctx, run, 'STORAGE_FAILED', '', metrics);
  const problems =
    failure instanceof SegmindError
      ? await untilStored(ctx, run, signal, () => keepAnswer(ctx, run, failure))
      : [];
  await failPaid(ctx, run, 'RESULT_EXPIRED', '', metrics, problems);
}

async function fail(ctx: Worker, run: GenerationRow, status: Status): Promise<null> {
  const isCharged = status.metrics.costMicros !== null || ctx.config.SEGMIND_FAILED_RUNS === 'charged';
  await persist.execute(() =>
    moveTogether(ctx, run, {
      to: 'FAILED',
      from: ['SUBMITTED', 'PROCESSING'],
      set: {
        ...failureColumns(failureOfRun(status.error)),
        inference_seconds: status.metrics.inferenceSeconds,
        ...(isCharged ? costColumns(run, status.metrics) : { cost_micros: '0', cost_source: 'NOT_CHARGED' }),
      },
    }),
  );
  return null;
}
