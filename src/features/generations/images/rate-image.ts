import { InputProblem } from '../../../errors.ts';
import type { Uses } from '../../../platform/context.ts';
import { fromGlobalId } from '../../../platform/reads/global-id.ts';
import { authorizeChange, refuseClosed } from '../../access/authorize.ts';
import { lockProject } from '../../access/lock-project.ts';
import { recordEvent } from '../../access/record-event.ts';
import { findGeneration } from '../generation.queries.ts';
import type { RateImageInput } from '../generation.type.ts';
import { writeProgress } from '../progress.ts';
import { findGeneratedImage, type GeneratedImageRow } from './generated-image.queries.ts';

/**
 * Rates a picture, or removes its rating. The run's discarded pictures are counted again under the run's lock, so that
 * the count is right when several viewers rate at once. Throws NotFound, Forbidden, Conflict, InputProblem.
 */
export async function rateImage(
  ctx: Uses<'db' | 'viewer' | 'loaders'>,
  input: RateImageInput,
): Promise<GeneratedImageRow> {
  const { id, generationId } = await findGeneratedImage(ctx, fromGlobalId('GeneratedImage', input.id));
  const { projectId } = await findGeneration(ctx, generationId);
  await authorizeChange(ctx, projectId, 'RATE_IMAGES', { what: 'GeneratedImage', field: 'id' });
  const { verdict } = input;
  // Undefined is not the same as null: a client with a misspelled variable must not remove a rating.
  if (verdict === undefined) {
    throw new InputProblem(['input', 'verdict'], 'verdict is missing; null takes the rating back.');
  }
  return ctx.db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM generations WHERE id = ${generationId}::uuid FOR NO KEY UPDATE`;
    await lockProject(tx, projectId);
    await refuseClosed(tx, projectId, 'id');
    const before = await tx.generatedImage.findUniqueOrThrow({ where: { id } });
    if (before.verdict === verdict) return before;
    const image = await tx.generatedImage.update({ where: { id }, data: { verdict } });
    const discarded = await tx.generatedImage.count({ where: { generationId, verdict: 'DISCARDED' } });
    const run = await tx.generation.update({ where: { id: generationId }, data: { discarded } });
    await recordEvent(tx, {
      projectId,
      kind: 'IMAGE_RATED',
      generationId,
      characterId: run.characterId,
      progress: writeProgress(run),
    });
    return image;
  });
}
