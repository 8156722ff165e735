import { findImageModel } from '../../catalogue/catalogue.ts';
import { SegmindError } from '../../platform/segmind/segmind-error.ts';
import { atMove } from '../generations/move-generation.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { endPauses } from '../provider/provider-pause.ts';
import { type Mine, restUncertain } from './put-back.ts';
import { untilStored } from './results/await-storage.ts';
import { isDuplicateRequestId, keepResult, unwritten } from './results/keep-result.ts';
import { noFailure, recordAnswer } from './results/record-late.ts';
import type { Worker } from './worker.ts';

/**
 * Hands a run over to the provider, once, and stores the answer. Throws a SegmindError when the provider did not take
 * the run, or may have taken it. It throws also when `hurried` aborts before the answer is stored.
 */
export async function postRun(
  ctx: Worker,
  run: GenerationRow,
  body: Record<string, unknown>,
  mine: Mine,
  hurried: AbortSignal,
): Promise<GenerationRow | null> {
  const transport = ctx.config.SEGMIND_TRANSPORT ?? findImageModel(run.model)?.transport;
  if (transport !== 'V1') {
    try {
      const { requestId } = await ctx.segmind.submit(run.model, body, hurried);
      ctx.health.took();
      return await recordSubmitted(ctx, run, requestId, mine, hurried);
    } catch (error) {
      if (!(error instanceof SegmindError) || !error.isRouteRefused) throw error;
      // This is a fact about the model, so it is not logged for each run.
      ctx.log[ctx.routeRepeats.levelOf(run.model, error.code)](
        { generationId: run.id, model: run.model, reason: error.message },
        'no asynchronous route, using the synchronous one',
      );
    }
  }
  const result = await ctx.segmind.run(run.model, body, hurried);
  ctx.health.took();
  try {
    // The pictures are only in memory. The number of such runs is bounded by the number of runs that begin at a time.
    const row = await untilStored(ctx, run, hurried, () =>
      keepResult(ctx, run, result, { ...mine, submitted: true, hurried }),
    );
    await endPauses(ctx, { account: ctx.segmind.accountId, model: run.model });
    return row;
  } catch (error) {
    if (!hurried.aborted || error !== hurried.reason) throw error;
    const detail = 'Its pictures came, and could not be stored before the server stopped.';
    throw new SegmindError({ code: 'ABORTED', meaning: 'UNCERTAIN', detail });
  }
}

async function recordSubmitted(
  ctx: Worker,
  run: GenerationRow,
  requestId: string,
  mine: Mine,
  hurried: AbortSignal,
): Promise<GenerationRow | null> {
  const set = { providerRequestId: requestId, submittedAt: atMove, ...noFailure } as const;
  const taken = { to: 'SUBMITTED', token: mine.token, from: ['SUBMITTING'], set } as const;
  let row: GenerationRow | null;
  try {
    row = await recordAnswer(ctx, run, taken, hurried);
  } catch (error) {
    if (!isDuplicateRequestId(error)) {
      ctx.log.error({ err: error, generationId: run.id, requestId }, unwritten);
      throw error;
    }
    ctx.log.error({ generationId: run.id, requestId }, 'the provider answered with the id of another run');
    await restUncertain(ctx, run, 'The provider answered with the id of another run.', mine);
    return null;
  }
  await endPauses(ctx, { account: ctx.segmind.accountId, model: run.model });
  return row;
}
