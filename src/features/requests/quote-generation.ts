import type { Uses } from '../../platform/context.ts';
import { needsApproval } from '../approvals/approval.ts';
import { type BudgetVerdict, judgeBudgets } from '../budgets/verdicts.ts';
import type { GenerationRow } from '../generations/progress.ts';
import type { Estimate } from '../prices/price-book.ts';
import { quotedInputs } from '../run-inputs/identity.ts';
import { requester } from './insert-generation.ts';
import { listOwned } from './owned-generation.ts';
import { checkBatch, enterProject, prepareRun } from './prepare-run.ts';
import { signQuote } from './quote-token.ts';
import type { GenerateInput } from './request.type.ts';

/** So many earlier results are shown with a quote. */
const ownedShown = 10;

/** What is known of a run before it is asked for. */
export interface QuoteRow extends Estimate {
  readonly id: string;
  readonly expiresAt: Date;
  readonly outputCount: number;
  readonly needsApproval: boolean;
  readonly verdicts: readonly BudgetVerdict[];
  readonly owned: readonly GenerationRow[];
}

/**
 * What `generate` with this input would cost, how long it would take, whether every budget has room for it, and whether
 * its result is there already. Nothing is written. Throws what `generate` throws for the same input.
 */
export async function quoteGeneration(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'random' | 'config' | 'imageSecret' | 'segmind'>,
  input: GenerateInput,
): Promise<QuoteRow> {
  const batch = checkBatch(input);
  const projectId = await enterProject(ctx, input);
  const { character, inputs, shape, estimate, resultKey } = await prepareRun(ctx, projectId, input);
  const { holdMicros } = estimate;
  const spender = {
    projectId,
    characterId: character.id,
    model: inputs.model.slug,
    ...requester(ctx.viewer),
  };
  const seed = inputs.isSeedGiven ? BigInt(inputs.seed) : null;
  const [signed, verdicts, waits, owned] = await Promise.all([
    signQuote(ctx, { projectId, inputs: quotedInputs(character.id, resultKey, inputs), holdMicros }),
    judgeBudgets(ctx.db, spender, holdMicros),
    needsApproval(ctx.db, { projectId, holdMicros, batch }),
    listOwned(ctx, { projectId, resultKey, seed }, ownedShown),
  ]);
  return { ...signed, ...estimate, outputCount: shape.outputCount, needsApproval: waits, verdicts, owned };
}
