import { findImageModel } from '../../catalogue/catalogue.ts';
import type { Uses } from '../../platform/context.ts';
import { requestOf } from '../generations/columns/columns.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { storedParameters, storedReferences } from '../generations/stored-run.ts';
import { estimateRun } from '../prices/price-book.ts';
import { describeRun, type NewGeneration } from './new-generation.ts';

/** A new run with the same inputs and the same seed, at today's price. */
export async function repeatGeneration(
  ctx: Uses<'db' | 'config' | 'segmind'>,
  run: GenerationRow,
): Promise<NewGeneration> {
  const asked = requestOf(run);
  const sent = { parameters: storedParameters(run), references: storedReferences(run) };
  const model = findImageModel(run.model);
  // The columns are computed again, because an older version may have stored fewer of them. A model that is no longer
  // in the catalogue has no list price.
  const described = model ? describeRun(model, sent) : { ...asked, priceMicros: null };
  const { holdMicros } = await estimateRun(ctx, described);
  return {
    ...asked,
    ...described,
    ...sent,
    environment: ctx.segmind.environment,
    holdMicros,
    idempotencyKey: null,
    retryOfId: run.id,
    reuse: 'NEVER',
  };
}
