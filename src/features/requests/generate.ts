import type { Uses } from '../../platform/context.ts';
import { checkIdentity } from '../../platform/graphql/text.ts';
import type { GenerationRow } from '../generations/progress.ts';
import type { ModelInputValues } from '../image-models/model.input.ts';
import { hashCanonically, quotedInputs } from '../run-inputs/identity.ts';
import { findAnswered } from './idempotency.ts';
import { insertGeneration } from './insert-generation.ts';
import { checkBatch, columnsOf, enterProject, type PreparedRun, prepareRun } from './prepare-run.ts';
import { honourQuote } from './quote-token.ts';
import type { GenerateInput } from './request.type.ts';

type Tools = Uses<
  'db' | 'viewer' | 'loaders' | 'random' | 'config' | 'jobs' | 'turns' | 'imageSecret' | 'segmind'
>;

/**
 * Asks for a picture: the run, its hold, its event and its job are written in one transaction or not at all. The same
 * idempotency key with the same input gives the same run, however often and however parallel it is sent. With `reuse` a
 * result that the project has already is the answer.
 * Throws NotFound, Forbidden, InputProblems, BudgetExceeded, and Conflict for what is archived, a model that the API
 * key is not for, a quote that does not fit, or an idempotency key used for something else.
 */
export async function generate(ctx: Tools, input: GenerateInput): Promise<GenerationRow> {
  const model = input.model as ModelInputValues;
  const key =
    input.idempotencyKey == null
      ? null
      : checkIdentity(['input', 'idempotencyKey'], input.idempotencyKey, { maximum: 200 });
  const batch = checkBatch(input);
  const { characterId, includeAppearance } = input;
  const requestHash = hashCanonically({
    characterId,
    includeAppearance: includeAppearance ?? true,
    model,
    batch,
  });
  const projectId = await enterProject(ctx, input);

  const earlier =
    key === null ? null : await findAnswered(ctx, { projectId, idempotencyKey: key, requestHash });
  if (earlier) return earlier;
  const run = await prepareRun(ctx, projectId, input);
  const { holdMicros } = input.quoteId == null ? run.estimate : await honour(ctx, input.quoteId, run);
  const reuse = input.reuse ? (run.inputs.isSeedGiven ? 'SAME_SEED' : 'ANY_SEED') : 'NEVER';
  const added = { holdMicros, requestHash, idempotencyKey: key, batch, retryOfId: null, reuse } as const;
  return insertGeneration(ctx, { ...columnsOf(run), ...added }, { field: 'characterId' });
}

function honour(ctx: Tools, quoteId: string, { character, inputs, resultKey }: PreparedRun) {
  const { id, projectId } = character;
  return honourQuote(ctx, quoteId, { projectId, inputs: quotedInputs(id, resultKey, inputs) });
}
