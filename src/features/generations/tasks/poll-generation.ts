import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskContext } from '../../../platform/context.ts';
import type { Status } from '../../../platform/segmind/result.ts';
import type { Segmind } from '../../../platform/segmind/segmind.ts';
import { SegmindError } from '../../../platform/segmind/segmind-error.ts';
import { accountOf } from '../../provider-keys/provider-key.queries.ts';
import { failureColumns } from '../failure.ts';
import { atMove, moveGeneration } from '../move-generation.ts';
import type { GenerationRow } from '../progress.ts';
import { costColumns, failPaid, keepResult } from './keep-result.ts';
import { persist } from './persist.ts';
import { errorDelayMs, pollDelayMs } from './poll-timing.ts';
import { failureOfRun } from './provider-failure.ts';

/** A request that is unknown once may only be late to arrive; unknown this often in a row, it is gone. */
const unknownLimit = 4;

/**
 * Asks after a submitted run until it has ended or the provider forgets it. Reading costs nothing, so every error
 * is tried again, ever more slowly. Resolves to the run when its result is written down, null when it has ended.
 */
export async function pollGeneration(
  ctx: TaskContext,
  submitted: GenerationRow,
  signal: AbortSignal,
): Promise<GenerationRow | null> {
  const { config } = ctx;
  let segmind: Segmind | undefined;
  const requestId = submitted.providerRequestId;
  if (requestId === null) throw new Error('A submitted run has no request id.');
  const timing = { minMs: config.SEGMIND_POLL_MIN_MS, maxMs: config.SEGMIND_POLL_MAX_MS };
  const startAgeMs = await ageMs(ctx, submitted);
  const startedAt = performance.now();
  const age = () => startAgeMs + (performance.now() - startedAt);
  let run = submitted;
  let errorsInRow = 0;
  let unknownInRow = 0;

  for (;;) {
    const chance = ctx.random.below(1_000) / 1_000;
    const delayMs =
      errorsInRow > 0 ? errorDelayMs(errorsInRow, timing, chance) : pollDelayMs(age(), timing, chance);
    await sleep(delayMs, undefined, { signal });
    try {
      segmind ??= await accountOf(ctx, submitted);
      const status = await segmind.status(requestId);
      errorsInRow = unknownInRow = 0;
      if (status.state === 'COMPLETED') return await collect({ ...ctx, segmind }, run, requestId, status);
      if (status.state === 'FAILED') return await fail(ctx, run, status);
      run = await noteProgress(ctx, run, status, age());
    } catch (error) {
      if (!(error instanceof SegmindError)) throw error;
      errorsInRow += 1;
      unknownInRow = error.code === 'REQUEST_NOT_FOUND' ? unknownInRow + 1 : 0;
      ctx.log.debug({ err: error, generationId: run.id }, 'a poll failed');
    }
    const isPastRetention = age() > config.SEGMIND_RETENTION_MS;
    if (unknownInRow >= unknownLimit || (isPastRetention && errorsInRow > 0)) {
      await failPaid(ctx, run, 'RESULT_EXPIRED', '', null);
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

/** How long ago the run was submitted, by the database's clock: a host's own may be hours off. */
async function ageMs(ctx: TaskContext, run: GenerationRow): Promise<number> {
  const [row] = await ctx.db.$queryRaw<{ age: number }[]>`
    SELECT (extract(epoch FROM now() - submitted_at) * 1000)::float8 AS age FROM generations WHERE id = ${run.id}::uuid`;
  return row?.age ?? 0;
}

async function noteProgress(
  ctx: TaskContext,
  run: GenerationRow,
  status: Status,
  ageMs: number,
): Promise<GenerationRow> {
  let noted = run;
  if (status.state === 'PROCESSING' && run.status === 'SUBMITTED') {
    noted = (await moveGeneration(ctx, run.id, { to: 'PROCESSING', set: { started_at: atMove } })) ?? noted;
  }
  if (ageMs > ctx.config.SEGMIND_SLOW_AFTER_MS && !noted.isSlow) {
    const slow = {
      to: noted.status,
      from: [noted.status],
      set: { is_slow: true },
      event: 'GENERATION_SLOW',
    } as const;
    noted = (await moveGeneration(ctx, run.id, slow)) ?? noted;
  }
  return noted;
}

async function collect(ctx: TaskContext, run: GenerationRow, requestId: string, status: Status) {
  try {
    const result = await ctx.segmind.result(requestId);
    const metrics = { ...result.metrics, costMicros: result.metrics.costMicros ?? status.metrics.costMicros };
    return await keepResult(ctx, run, { ...result, metrics }, { from: ['SUBMITTED', 'PROCESSING'] });
  } catch (error) {
    if (!(error instanceof SegmindError)) throw error;
    // The status said otherwise a moment ago, but the result is the last word.
    if (error.code === 'JOB_FAILED') return fail(ctx, run, { ...status, error: error.detail });
    if (error.code !== 'ANSWER_INVALID') throw error;
    await failPaid(ctx, run, 'RESULT_INVALID', error.detail ?? '', status.metrics);
    return null;
  }
}

async function fail(ctx: TaskContext, run: GenerationRow, status: Status): Promise<null> {
  const isCharged = status.metrics.costMicros !== null || ctx.config.SEGMIND_FAILED_RUNS === 'charged';
  await persist.execute(() =>
    moveGeneration(ctx, run.id, {
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
