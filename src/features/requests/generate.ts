import type { Uses } from '../../platform/context.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { findAnswered } from './idempotency.ts';
import { insertGeneration } from './insert-generation.ts';
import { prepareRun } from './prepare-run.ts';
import { honourQuote } from './quote-token.ts';
import { readRequest } from './read-request.ts';
import type { GenerateInput } from './request.type.ts';

/*
 * The steps, each taken once: may I and is it sane (`readRequest`), was it answered before (`findAnswered`), what would it be
 * and cost (`prepareRun`), write it (`insertGeneration`). A quote takes the same steps except the last. A retry takes only the
 * last one, because the row of the failed run says what is sent (`repeatGeneration`).
 */

/**
 * Asks for a picture: the run, its hold, its event and its job are written in one transaction or not at all. The same
 * idempotency key with the same input gives the same run, however often and however parallel it is sent. With `reuse` a
 * result that the project has already is the answer.
 * Throws NotFound, Forbidden, InputProblems, BudgetExceeded, and Conflict for what is archived, a model that the API
 * key is not for, a quote that does not fit, or an idempotency key used for something else.
 */
export async function generate(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'random' | 'config' | 'jobs' | 'turns' | 'imageSecret' | 'segmind'>,
  input: GenerateInput,
): Promise<GenerationRow> {
  const request = await readRequest(ctx, input);
  const answered = await findAnswered(ctx, request);
  if (answered) return answered;
  const run = await prepareRun(ctx, request);
  const { holdMicros } = input.quoteId == null ? run.estimate : await honourQuote(ctx, input.quoteId, run);
  const { requestHash, idempotencyKey, batch } = request;
  const isAnySeed = run.givenSeed === null;
  const reuse = input.reuse ? (isAnySeed ? 'ANY_SEED' : 'SAME_SEED') : 'NEVER';
  const terms = { holdMicros, requestHash, idempotencyKey, batch, reuse, retryOfId: null } as const;
  return insertGeneration(ctx, { ...run, ...terms }, 'characterId');
}
