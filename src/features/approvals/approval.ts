import { Conflict } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';

/** The facts that decide whether a run needs approval. */
interface Approvable {
  readonly projectId: string;
  readonly holdMicros: bigint;
  readonly batch: string | null;
}

/**
 * Whether the run, or its batch with this run, may cost more than the project allows without approval. The database
 * uses the same function when it inserts a run.
 */
export async function needsApproval(
  tx: Pick<Transaction, '$queryRaw'>,
  { projectId, holdMicros, batch }: Approvable,
): Promise<boolean> {
  const [judged] = await tx.$queryRaw<{ waits: boolean }[]>`
    SELECT needs_approval(${projectId}::uuid, ${holdMicros}, ${batch}) AS waits`;
  if (!judged) throw new Error('The SELECT returned no row.');
  return judged.waits;
}

/** The refusal of an approval or rejection of a run that does not wait for approval. */
export async function notWaiting(ctx: Uses<'db'>, id: string): Promise<Conflict> {
  const { status } = await ctx.db.generation.findUniqueOrThrow({ where: { id } });
  const message = `The run is ${status}: it does not wait for approval.`;
  return new Conflict('NOT_AWAITING_APPROVAL', message, ['input', 'id']);
}
