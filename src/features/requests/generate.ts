import type { Uses } from '../../platform/context.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { findAnswered } from './idempotency.ts';
import { insertGeneration } from './insert-generation.ts';
import { prepareRun } from './prepare-run.ts';
import { honourQuote } from './quote-token.ts';
import { readRequest } from './read-request.ts';
import type { GenerateInput } from './request.type.ts';

/*
 * The steps: check the permission and the names (`readRequest`), look for an earlier answer (`findAnswered`), compute
 * the inputs and the price (`prepareRun`), write the run (`insertGeneration`). A quote takes the first and the third
 * step. A retry takes only the last one, because the row of the failed run has the inputs (`repeatGeneration`).
 */

/**
 * Requests a run: the run, its hold, its event and its job are written in one transaction or not at all. The same
 * idempotency key with the same input gives the same run, also when it is sent often or in parallel. With `reuse` an
 * existing result of the project is the answer.
 * Throws NotFound, Forbidden, InputProblems, BudgetExceeded, and Conflict for an archived project or character, a model
 * that the API key is not for, a quote for other inputs, or an idempotency key that was used for another request.
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
