import { NotFound } from '../../errors.ts';
import { type Asker, authorize } from '../access/authorize.ts';
import { readable } from '../access/readable.ts';
import { generationView } from './generation.view.ts';
import type { GenerationRow } from './progress.ts';

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
