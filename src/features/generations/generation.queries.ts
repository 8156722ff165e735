import { NotFound } from '../../errors.ts';
import { authorize } from '../../platform/auth/policy.ts';
import type { Uses } from '../../platform/context.ts';
import type { GeneratedImage as GeneratedImageRow } from '../../platform/db/generated/client.ts';
import { behind, type Page, readPage } from '../../platform/graphql/connection.ts';
import { toGlobalId } from '../../platform/graphql/global-id.ts';
import type { GenerationRow } from './progress.ts';
import { storedParameters, storedReferences } from './stored-run.ts';

export type { GeneratedImageRow };

type Reader = Uses<'db' | 'viewer' | 'loaders'>;

/** The generation with this row id. Throws NotFound, also for strangers. */
export async function findGeneration(ctx: Reader, id: string): Promise<GenerationRow> {
  authorize(ctx.viewer, 'READ_PROJECT');
  const generation = await ctx.loaders
    .of('generations', async (ids) => {
      const rows = await ctx.db.generation.findMany({ where: { id: { in: ids } } });
      return rows.map((row) => [row.id, row] as const);
    })
    .load(id);
  if (!generation) throw new NotFound('Generation');
  return generation;
}

/** The generations of a project or of a character, newest first. */
export function listGenerations(
  ctx: Uses<'db' | 'viewer'>,
  of: { projectId: string } | { characterId: string },
  args: { first: number; after?: string | null },
): Promise<Page<GenerationRow>> {
  authorize(ctx.viewer, 'READ_PROJECT');
  return readPage(
    args,
    (row) => row.requestedAt,
    ({ after, limit }) =>
      ctx.db.generation.findMany({
        where: { ...of, ...behind('requestedAt', after) },
        orderBy: [{ requestedAt: 'desc' }, { id: 'desc' }],
        take: limit,
      }),
    () => ctx.db.generation.count({ where: of }),
  );
}

/** A run's pictures in order. A run that has not ended has none yet, also when seen through an old event. */
export async function listGeneratedImages(
  ctx: Reader,
  generation: GenerationRow,
): Promise<GeneratedImageRow[]> {
  if (generation.status !== 'COMPLETED') return [];
  const images = await ctx.loaders
    .of('images of generations', async (ids) => {
      const rows = await ctx.db.generatedImage.findMany({
        where: { generationId: { in: ids } },
        orderBy: [{ generationId: 'asc' }, { index: 'asc' }],
      });
      return [...Map.groupBy(rows, (row) => row.generationId)];
    })
    .load(generation.id);
  return images ?? [];
}

/** The output with this row id. Throws NotFound, also for strangers. */
export async function findGeneratedImage(ctx: Reader, id: string): Promise<GeneratedImageRow> {
  authorize(ctx.viewer, 'READ_PROJECT');
  const image = await ctx.db.generatedImage.findUnique({ where: { id } });
  if (!image) throw new NotFound('GeneratedImage');
  return image;
}

/** A run's parameters by the provider's names; pictures as `{ imageId, sha256 }`. */
export function parametersOf(generation: GenerationRow): Record<string, unknown> {
  const pictures = storedReferences(generation).map(({ parameter, imageId, sha256 }) => [
    parameter,
    { imageId: toGlobalId('Image', imageId), sha256 },
  ]);
  return { ...storedParameters(generation), ...Object.fromEntries(pictures) };
}
