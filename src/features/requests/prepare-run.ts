import type { Uses } from '../../platform/context.ts';
import { refuseClosedNow } from '../access/authorize.ts';
import { refuseArchived } from '../characters/character.queries.ts';
import { type Estimate, estimateRun } from '../prices/price-book.ts';
import { buildParameters } from '../run-inputs/build-parameters.ts';
import { describeRun, type RunToBe } from './new-generation.ts';
import type { RunRequest } from './read-request.ts';

/** A run as it would be sent, and the estimate of its price. */
export interface PreparedRun extends RunToBe {
  readonly resultKey: string;
  /** The seed that the client gave; null when it was drawn here. */
  readonly givenSeed: bigint | null;
  readonly estimate: Estimate;
}

/**
 * Computes what the run would send and what it would cost. It adds the character's words and pictures, and reads the
 * price. Nothing is written. Throws NotFound, InputProblems, and Conflict for a character that is archived, or a
 * project that is archived or being deleted.
 */
export async function prepareRun(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'random' | 'config' | 'segmind'>,
  request: RunRequest,
): Promise<PreparedRun> {
  const { projectId, character, model } = request;
  await refuseClosedNow(ctx, projectId, 'characterId');
  refuseArchived(character, 'characterId');
  const { prompt, parameters, references, ...drawn } = await buildParameters(ctx, character, request);
  const described = describeRun(model, { parameters, references });
  const seed = BigInt(drawn.seed);
  return {
    projectId,
    characterId: character.id,
    environment: ctx.segmind.environment,
    prompt,
    parameters,
    references,
    seed,
    givenSeed: drawn.isSeedGiven ? seed : null,
    ...described,
    estimate: await estimateRun(ctx, described),
  };
}
