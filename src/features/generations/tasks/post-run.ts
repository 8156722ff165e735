import { findImageModel } from '../../../catalogue/catalogue.ts';
import { newWakeupId } from '../../../platform/jobs/job-queue.ts';
import { SegmindError } from '../../../platform/segmind/segmind-error.ts';
import { atMove } from '../move-generation.ts';
import { moveTogether, type SharedMove } from '../move-together.ts';
import type { GenerationRow } from '../progress.ts';
import { untilStored } from './await-storage.ts';
import { isDuplicateRequestId, keepResult } from './keep-result.ts';
import { persist } from './persist.ts';
import { endPauses } from './provider-pause.ts';
import { type Mine, restUncertain } from './put-back.ts';
import type { Worker } from './worker.ts';

/**
 * Hands a run over to the provider, once, and writes down the answer. Throws a SegmindError when the provider did not take
 * it or may have, also when `hurried` aborts before the answer is written down.
 */
export async function postRun(
  ctx: Worker,
  run: GenerationRow,
  body: Record<string, unknown>,
  mine: Mine,
  hurried: AbortSignal,
): Promise<GenerationRow | null> {
  const transport =
    ctx.config.SEGMIND_TRANSPORT === 'model'
      ? findImageModel(run.model)?.transport
      : ctx.config.SEGMIND_TRANSPORT;
  if (transport?.toUpperCase() !== 'V1') {
    try {
      const { requestId } = await ctx.segmind.submit(run.model, body, hurried);
      ctx.pace(ctx.segmind.accountId).faster();
      return await recordSubmitted(ctx, run, requestId, mine);
    } catch (error) {
      if (!(error instanceof SegmindError) || !error.isRouteRefused) throw error;
      ctx.log.warn({ err: error, generationId: run.id }, 'no asynchronous route, using the synchronous one');
    }
  }
  const result = await ctx.segmind.run(run.model, body, hurried);
  ctx.pace(ctx.segmind.accountId).faster();
  try {
    // The pictures are in memory alone. There are no more of them than runs that are begun at a time.
    return await untilStored(ctx, run, hurried, () =>
      keepResult(ctx, run, result, { ...mine, submitted: true }),
    );
  } catch (error) {
    if (!hurried.aborted || error !== hurried.reason) throw error;
    const detail = 'Its pictures came, and could not be stored before the server stopped.';
    throw new SegmindError({ code: 'ABORTED', meaning: 'UNCERTAIN', detail });
  }
}

async function recordSubmitted(ctx: Worker, run: GenerationRow, requestId: string, mine: Mine) {
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
