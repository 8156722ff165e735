import type { Uses } from '../../platform/context.ts';
import { needsApproval } from '../approvals/approval.ts';
import type { BudgetVerdict } from '../budgets/verdicts.ts';
import type { GenerationRow } from '../generations/progress.ts';
import type { Estimate } from '../prices/price-book.ts';
import { listOwned } from './owned-generation.ts';
import { prepareRun } from './prepare-run.ts';
import { signQuote } from './quote-token.ts';
import { readRequest } from './read-request.ts';
import type { GenerateInput } from './request.type.ts';
import { judgeHold } from './spender.ts';

/** The most earlier results that are shown with a quote. */
const ownedShown = 10;

/** What is known of a run before it is requested. */
export interface QuoteRow extends Estimate {
  readonly id: string;
  readonly expiresAt: Date;
  readonly outputCount: number;
  readonly needsApproval: boolean;
  readonly verdicts: readonly BudgetVerdict[];
  readonly owned: readonly GenerationRow[];
}

/**
 * What `generate` with this input would cost, how long it would take, whether it fits into each budget, and whether its
 * result exists already. Nothing is written. Throws like `generate`, but not for budgets, quotes and idempotency keys.
 */
export async function quoteGeneration(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'random' | 'config' | 'imageSecret' | 'segmind'>,
  input: GenerateInput,
): Promise<QuoteRow> {
  // A quote requests no run, so it has no idempotency key.
  const request = await readRequest(ctx, { ...input, idempotencyKey: null });
  const run = await prepareRun(ctx, request);
  const { projectId, outputCount, resultKey, givenSeed, estimate } = run;
  const { holdMicros } = estimate;
  const [signed, verdicts, waits, owned] = await Promise.all([
    signQuote(ctx, run),
    judgeHold(ctx, run, holdMicros),
    needsApproval(ctx.db, { projectId, holdMicros, batch: request.batch }),
    listOwned(ctx, { projectId, resultKey, seed: givenSeed }, ownedShown),
  ]);
  return { ...signed, ...estimate, outputCount, needsApproval: waits, verdicts, owned };
}
