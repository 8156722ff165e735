import { Conflict } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';

/** What decides whether a run passes by itself. */
interface Approvable {
  readonly projectId: string;
  readonly holdMicros: bigint;
  readonly batch: string | null;
}

/**
 * Whether the run, or its batch with it, may cost more than the project lets pass. Exact within a transaction that
 * holds the project's row: of a batch's runs each counts those before it.
 */
export async function needsApproval(
  tx: Pick<Transaction, 'project' | '$queryRaw'>,
  { projectId, holdMicros, batch }: Approvable,
): Promise<boolean> {
  const { approvalPerRunMicros, approvalPerBatchMicros } = await tx.project.findUniqueOrThrow({
    where: { id: projectId },
    select: { approvalPerRunMicros: true, approvalPerBatchMicros: true },
  });
  if (approvalPerRunMicros !== null && holdMicros > approvalPerRunMicros) return true;
  if (approvalPerBatchMicros === null || batch === null) return false;
  const [committed] = await tx.$queryRaw<{ micros: bigint }[]>`
    SELECT coalesce(sum(CASE WHEN is_final(status) AND cost_micros IS NOT NULL THEN cost_micros ELSE hold_micros END), 0)::bigint
      AS micros
    FROM generations WHERE project_id = ${projectId}::uuid AND batch = ${batch}`;
  return (committed?.micros ?? 0n) + holdMicros > approvalPerBatchMicros;
}

/** What an owner is told who decides about a run that waits for nobody. */
export async function notWaiting(ctx: Uses<'db'>, id: string): Promise<Conflict> {
  const { status } = await ctx.db.generation.findUniqueOrThrow({ where: { id } });
  const message = `A generation that is ${status} waits for no approval.`;
  return new Conflict('NOT_AWAITING_APPROVAL', message, ['input', 'id']);
}
