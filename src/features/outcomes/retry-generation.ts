import { Conflict } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorizeChange } from '../access/authorize.ts';
import { findLiveCharacter } from '../characters/character.queries.ts';
import { findGeneration } from '../generations/generation.queries.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { authorizeModel } from '../requests/authorize-model.ts';
import { insertGeneration } from '../requests/insert-generation.ts';
import { repeatGeneration } from '../requests/repeat-generation.ts';
import type { RetryGenerationInput } from './resolution.type.ts';

/**
 * Requests a run again that is FAILED or CANCELED. A run is repeated once: each further request gets the same new run,
 * also when requests are sent in parallel. Throws NotFound, Forbidden, BudgetExceeded, and Conflict for a run in
 * another status, an archived project or character, or a model that the key is not for.
 */
export async function retryGeneration(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'config' | 'jobs' | 'turns' | 'segmind'>,
  input: RetryGenerationInput,
): Promise<GenerationRow> {
  const failed = await findGeneration(ctx, fromGlobalId('Generation', input.id));
  await authorizeChange(ctx, failed.projectId, 'GENERATE', { what: 'Generation', field: 'id' });
  authorizeModel(ctx, failed.model, ['input', 'id']);
  if (failed.status !== 'FAILED' && failed.status !== 'CANCELED') {
    const message = `The run is ${failed.status}. Only a FAILED or CANCELED run can be repeated.`;
    throw new Conflict('NOT_RETRYABLE', message, ['input', 'id']);
  }
  await findLiveCharacter(ctx, failed.characterId, 'id');
  return insertGeneration(ctx, await repeatGeneration(ctx, failed), 'id');
}
