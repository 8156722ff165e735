import type { Asker } from '../access/authorize.ts';
import type { GenerationRow } from '../generations/progress.ts';

/** The run that repeats a failed run; null when none does. */
export async function findRetry(ctx: Asker, { id }: GenerationRow): Promise<GenerationRow | null> {
  return ctx.loaders
    .of('retries', async (ids) => {
      const rows = await ctx.db.generation.findMany({ where: { retryOfId: { in: ids } } });
      return rows.map((row) => [row.retryOfId ?? '', row] as const);
    })
    .load(id);
}
