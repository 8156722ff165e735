import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import type { GenerationRow } from './progress.ts';

/** A result that may be there already. */
interface Wanted {
  readonly projectId: string;
  readonly resultKey: string;
  /** Null when any seed will do. */
  readonly seed: bigint | null;
}

/**
 * The project's completed runs with the same model, parameters, pictures and seed, the newest first; not those whose
 * pictures were all discarded.
 */
export async function listOwned(
  ctx: Uses<'db'>,
  { projectId, resultKey, seed }: Wanted,
  limit: number,
): Promise<GenerationRow[]> {
  return ctx.db.generation.findMany({
    where: {
      projectId,
      resultKey,
      status: 'COMPLETED',
      pictures: { gt: ctx.db.generation.fields.discarded },
      ...(seed === null ? {} : { seed }),
    },
    orderBy: [{ requestedAt: 'desc' }, { id: 'desc' }],
    take: limit,
  });
}

/**
 * The run that another one like it need not be bought for: completed with a picture that was not discarded, else one that
 * is under way; not one that an owner may still turn down. Within a transaction that holds the project nobody buys it in
 * the meantime.
 */
export async function findReusable(
  tx: Transaction,
  { projectId, resultKey, seed }: Wanted,
): Promise<GenerationRow | null> {
  const [found] = await tx.$queryRaw<{ id: string }[]>`
    SELECT id::text AS id FROM generations
    WHERE project_id = ${projectId}::uuid AND result_key = ${resultKey}
      AND (${seed}::bigint IS NULL OR seed = ${seed}::bigint)
      AND (status = 'COMPLETED' AND pictures > discarded
        OR cancel_requested_at IS NULL AND NOT is_final(status) AND status NOT IN ('UNCERTAIN', 'AWAITING_APPROVAL'))
    ORDER BY status = 'COMPLETED' DESC, requested_at DESC, id DESC LIMIT 1`;
  return found ? tx.generation.findUnique({ where: { id: found.id } }) : null;
}
