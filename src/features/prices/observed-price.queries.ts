import { z } from 'zod';
import type { Uses } from '../../platform/context.ts';
import { checkFirst } from '../../platform/reads/page.ts';
import { findObserved, type Observed } from './price-book.ts';

/** The observed costs of runs of one shape. */
export interface ObservedPriceRow extends Observed {
  readonly shape: Readonly<Record<string, unknown>>;
}

/** The observed costs of a model, by shape, in the order of the shapes' text. Throws BadArgument. */
export async function listObservedPrices(
  ctx: Uses<'db' | 'config'>,
  model: string,
  first: number,
): Promise<ObservedPriceRow[]> {
  checkFirst(first);
  // The recursion jumps in the index from each shape to the next, and does not read the rows between.
  const shapes = await ctx.db.$queryRaw<{ shape: string }[]>`
    WITH RECURSIVE shapes AS (
      SELECT min(shape) AS shape FROM price_observations
      WHERE model = ${model} AND environment = provider_environment()
      UNION ALL
      SELECT (SELECT min(o.shape) FROM price_observations o 
        WHERE o.model = ${model} AND o.environment = provider_environment() AND o.shape > s.shape)
      FROM shapes s WHERE s.shape IS NOT NULL
    )
    SELECT shape FROM shapes WHERE shape IS NOT NULL LIMIT ${first}`;
  return Promise.all(
    shapes.map(async ({ shape }) => ({
      ...(await findObserved(ctx, model, shape)),
      shape: z.record(z.string(), z.unknown()).parse(JSON.parse(shape)),
    })),
  );
}
