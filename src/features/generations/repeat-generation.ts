import { findImageModel } from '../../catalogue/catalogue.ts';
import type { Uses } from '../../platform/context.ts';
import type { Prisma } from '../../platform/db/generated/client.ts';
import { estimateRun, listPrice } from '../prices/price-book.ts';
import type { NewGeneration } from './insert-generation.ts';
import type { GenerationRow } from './progress.ts';
import { storedParameters, storedReferences } from './stored-run.ts';

/** The same run once more: all that was sent, the seed too, at today's price. */
export async function repeatOf(ctx: Uses<'db' | 'config'>, run: GenerationRow): Promise<NewGeneration> {
  const { priceShape, outputCount } = run;
  const { holdMicros } = await estimateRun(ctx, run.model, { shape: priceShape, outputCount });
  const model = findImageModel(run.model);
  return {
    projectId: run.projectId,
    characterId: run.characterId,
    model: run.model,
    modelVersion: model?.version ?? run.modelVersion,
    prompt: run.prompt,
    parameters: storedParameters(run) as Prisma.InputJsonObject,
    references: storedReferences(run) as unknown as Prisma.InputJsonArray,
    seed: run.seed,
    priceMicros: listPrice(model?.price ?? null, outputCount),
    holdMicros,
    priceShape,
    outputCount,
    resultKey: run.resultKey,
    requestHash: run.requestHash,
    idempotencyKey: null,
    batch: run.batch,
    retryOfId: run.id,
  };
}
