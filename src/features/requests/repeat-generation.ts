import { findImageModel } from '../../catalogue/catalogue.ts';
import type { Uses } from '../../platform/context.ts';
import type { Prisma } from '../../platform/db/generated/client.ts';
import { requestOf } from '../generations/columns/columns.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { storedParameters, storedReferences } from '../generations/stored-run.ts';
import { estimateRun, listPrice } from '../prices/price-book.ts';
import { priceShape } from '../prices/price-shape.ts';
import { resultKey } from '../run-inputs/identity.ts';
import type { NewGeneration } from './insert-generation.ts';

/** The same run once more: all that was sent, the seed too, at today's price. */
export async function repeatOf(
  ctx: Uses<'db' | 'config' | 'segmind'>,
  run: GenerationRow,
): Promise<NewGeneration> {
  const model = findImageModel(run.model);
  const [parameters, references] = [storedParameters(run), storedReferences(run)];
  // Looked at anew: an older version may have kept less of it.
  const shape = model
    ? priceShape(model, parameters)
    : { shape: run.priceShape, outputCount: run.outputCount };
  const { holdMicros } = await estimateRun(ctx, run.model, shape);
  return {
    ...requestOf(run),
    environment: ctx.segmind.environment,
    modelVersion: model?.version ?? run.modelVersion,
    parameters: parameters as Prisma.InputJsonObject,
    references: references as unknown as Prisma.InputJsonArray,
    priceMicros: listPrice(model?.price ?? null, shape.outputCount),
    holdMicros,
    priceShape: shape.shape,
    outputCount: shape.outputCount,
    resultKey: model ? resultKey(model, parameters, references) : run.resultKey,
    idempotencyKey: null,
    retryOfId: run.id,
    reuse: 'NEVER',
  };
}
