import { NotFound } from '../../errors.ts';
import type { GeneratedImage as GeneratedImageRow } from '../../platform/db/generated/client.ts';
import { toGlobalId } from '../../platform/reads/global-id.ts';
import { emptyConnection, readConnection, readList } from '../../platform/reads/lists.ts';
import { maxPageSize, type Page, type Paging } from '../../platform/reads/page.ts';
import { type Asker, authorize, type Lister } from '../access/authorize.ts';
import type { CharacterRow } from '../characters/character.queries.ts';
import { imagesOfGeneration } from './generated-image.view.ts';
import type { GenerationFilter } from './generation.type.ts';
import { generationsOfCharacter, generationsOfProject } from './generation.view.ts';
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

type GenerationArgs = Paging & { readonly filter?: GenerationFilter | null };

/** A project's runs, newest first. Throws NotFound, BadArgument, InputProblem. */
export async function listProjectGenerations(
  ctx: Lister,
  projectId: string,
  args: GenerationArgs,
): Promise<Page<GenerationRow>> {
  await authorize(ctx, projectId, 'READ_PROJECT');
  return readConnection(ctx, generationsOfProject, projectId, args);
}

/** A character's runs, newest first. Throws the same. */
export async function listCharacterGenerations(
  ctx: Lister,
  { id, projectId }: CharacterRow,
  args: GenerationArgs,
): Promise<Page<GenerationRow>> {
  await authorize(ctx, projectId, 'READ_PROJECT', 'Character');
  return readConnection(ctx, generationsOfCharacter, id, args);
}

/** The first of a run's pictures, in order. A run that has not ended has none yet, also when seen through an old event. */
export async function listGeneratedImages(ctx: Lister, run: GenerationRow): Promise<GeneratedImageRow[]> {
  if (run.status !== 'COMPLETED') return [];
  return readList(ctx, imagesOfGeneration, run.id, { first: maxPageSize });
}

/** All of a run's pictures, page by page. Throws BadArgument. */
export async function listAllGeneratedImages(
  ctx: Lister,
  run: GenerationRow,
  args: Paging,
): Promise<Page<GeneratedImageRow>> {
  if (run.status !== 'COMPLETED') return emptyConnection(imagesOfGeneration, args);
  return readConnection(ctx, imagesOfGeneration, run.id, args);
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
