import { findImageModel } from '../../catalogue/catalogue.ts';
import type { Uses } from '../../platform/context.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { storedParameters, storedReferences } from '../generations/stored-run.ts';
import { estimateRun } from '../prices/price-book.ts';
import { describeRun, type NewGeneration } from './new-generation.ts';

/** The same run once more: all that was sent, the seed too, at today's price. */
export async function repeatGeneration(
  ctx: Uses<'db' | 'config' | 'segmind'>,
  run: GenerationRow,
): Promise<NewGeneration> {
  const { projectId, characterId, prompt, seed, requestHash, batch } = run;
  const sent = { parameters: storedParameters(run), references: storedReferences(run) };
  const model = findImageModel(run.model);
  // Described anew, since an older version may have kept less of it. A model that has left the catalogue has no list price.
  const described = model ? describeRun(model, sent) : { ...keptOf(run), priceMicros: null };
  const { holdMicros } = await estimateRun(ctx, described);
  return {
    projectId,
    characterId,
    environment: ctx.segmind.environment,
    prompt,
    seed,
    ...sent,
    ...described,
    holdMicros,
    requestHash,
    idempotencyKey: null,
    batch,
    retryOfId: run.id,
    reuse: 'NEVER',
  };
}

function keptOf({ model, modelVersion, priceShape, outputCount, resultKey }: GenerationRow) {
  return { model, modelVersion, priceShape, outputCount, resultKey };
}
