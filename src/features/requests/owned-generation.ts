import type { Uses } from '../../platform/context.ts';
import type { GenerationRow } from '../generations/progress.ts';

/** A result that the project may already have. */
interface Wanted {
  readonly projectId: string;
  readonly resultKey: string;
  /** Null for any seed. */
  readonly seed: bigint | null;
}

/**
 * The project's completed runs with the same model, parameters, pictures and seed, newest first. Runs whose pictures
 * were all discarded, and runs of another provider environment, are left out.
 */
export async function listOwned(
  ctx: Uses<'db' | 'segmind'>,
  { projectId, resultKey, seed }: Wanted,
  limit: number,
): Promise<GenerationRow[]> {
  return ctx.db.generation.findMany({
    where: {
      projectId,
      resultKey,
      environment: ctx.segmind.environment,
      status: 'COMPLETED',
      pictures: { gt: ctx.db.generation.fields.discarded },
      ...(seed === null ? {} : { seed }),
    },
    orderBy: [{ requestedAt: 'desc' }, { id: 'desc' }],
    take: limit,
  });
}
