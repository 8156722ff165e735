import { NotFound } from '../../errors.ts';
import type { GeneratedImage as GeneratedImageRow, Prisma } from '../../platform/db/generated/client.ts';
import { behind, type Page, readPage } from '../../platform/graphql/connection.ts';
import { idsOf, toGlobalId } from '../../platform/graphql/global-id.ts';
import { checkText } from '../../platform/graphql/text.ts';
import { type Asker, authorize } from '../access/authorize.ts';
import { findCharacter } from '../characters/character.queries.ts';
import type { GenerationFilter } from './generation.type.ts';
import type { GenerationRow } from './progress.ts';
import { storedParameters, storedReferences } from './stored-run.ts';

export type { GeneratedImageRow };

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

/** The generations of a project or of a character, newest first. Throws NotFound, BadArgument, InputProblem. */
export async function listGenerations(
  ctx: Asker,
  of: { projectId: string } | { characterId: string },
  args: { first: number; after?: string | null; filter?: GenerationFilter | null },
): Promise<Page<GenerationRow>> {
  if ('projectId' in of) await authorize(ctx, of.projectId, 'READ_PROJECT');
  else await findCharacter(ctx, of.characterId);
  const where = { AND: [of, conditions(args.filter ?? {})] };
  return readPage(
    args,
    (row) => row.requestedAt,
    ({ after, limit }) =>
      ctx.db.generation.findMany({
        where: { ...where, ...behind('requestedAt', after) },
        orderBy: [{ requestedAt: 'desc' }, { id: 'desc' }],
        take: limit,
      }),
    () => ctx.db.generation.count({ where }),
  );
}

function conditions({ statuses, batch, characterId }: GenerationFilter): Prisma.GenerationWhereInput {
  return {
    ...(statuses ? { status: { in: statuses } } : {}),
    ...(batch != null ? { batch: checkText(['filter', 'batch'], batch, { maximum: 200 }) } : {}),
    ...(characterId != null ? { characterId: { in: idsOf([characterId], 'Character') } } : {}),
  };
}

/** A run's pictures in order. A run that has not ended has none yet, also when seen through an old event. */
export async function listGeneratedImages(
  ctx: Asker,
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
export function parametersOf(generation: GenerationRow): Record<string, unknown> {
  const pictures = storedReferences(generation).map(({ parameter, imageId, sha256 }) => [
    parameter,
    { imageId: toGlobalId('Image', imageId), sha256 },
  ]);
  return { ...storedParameters(generation), ...Object.fromEntries(pictures) };
}
