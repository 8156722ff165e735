import { NotFound } from '../../errors.ts';
import type { GeneratedImage as GeneratedImageRow } from '../../platform/db/generated/client.ts';
import { toGlobalId } from '../../platform/reads/global-id.ts';
import { type Asker, authorize } from '../access/authorize.ts';
import { readable } from '../access/readable.ts';
import { generationView } from './generation.view.ts';
import type { GenerationRow } from './progress.ts';
import { storedParameters, storedReferences } from './stored-run.ts';

export type { GeneratedImageRow };

/** As documents reach them. */
export const generations = readable(generationView, 'Generation', findGeneration);

/** The generation with this row id. Throws NotFound, also for strangers. */
export async function findGeneration(ctx: Asker, id: string): Promise<GenerationRow> {
  const generation = await ctx.loaders
    .of('generations', async (ids) => {
      const rows = await ctx.db.generation.findMany({ where: { id: { in: ids } } });
      return rows.map((row) => [row.id, row] as const);
    })
    .load(id);
  if (!generation) throw new NotFound('Generation');
  await authorize(ctx, generation.projectId, 'READ_PROJECT', 'Generation');
  return generation;
}

/** The run that repeats a failed one; null where none does. */
export async function findRetry(ctx: Asker, { id }: GenerationRow): Promise<GenerationRow | null> {
  return ctx.loaders
    .of('retries', async (ids) => {
      const rows = await ctx.db.generation.findMany({ where: { retryOfId: { in: ids } } });
      return rows.map((row) => [row.retryOfId ?? '', row] as const);
    })
    .load(id);
}

/** The output with this row id. Throws NotFound, also for strangers. */
export async function findGeneratedImage(ctx: Asker, id: string): Promise<GeneratedImageRow> {
  const image = await ctx.db.generatedImage.findUnique({
    where: { id },
    include: { generation: { select: { projectId: true } } },
  });
  if (!image) throw new NotFound('GeneratedImage');
  await authorize(ctx, image.generation.projectId, 'READ_PROJECT', 'GeneratedImage');
  return image;
}

/** A run's parameters by the provider's names; pictures as `{ imageId, sha256 }`. */
export function parametersOf(
  generation: Pick<GenerationRow, 'parameters' | 'references'>,
): Record<string, unknown> {
  const pictures = storedReferences(generation).map(({ parameter, imageId, sha256 }) => [
    parameter,
    { imageId: toGlobalId('Image', imageId), sha256 },
  ]);
  return { ...storedParameters(generation), ...Object.fromEntries(pictures) };
}
