import { NotFound } from '../../../errors.ts';
import type { GeneratedImage as GeneratedImageRow } from '../../../platform/db/generated/client.ts';
import { emptyConnection, readConnection, readList } from '../../../platform/reads/lists.ts';
import { maxPageSize, type Page, type Paging } from '../../../platform/reads/page.ts';
import { type Asker, authorize, type Lister } from '../../access/authorize.ts';
import { imagesOfGeneration } from '../generated-image.view.ts';
import type { GenerationRow } from '../progress.ts';

export type { GeneratedImageRow };

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
