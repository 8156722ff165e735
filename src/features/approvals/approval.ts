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
 * Whether the run, or its batch with it, may cost more than the project lets pass. What is asked for is judged the same
 * way, by the database.
 */
export async function needsApproval(
  tx: Pick<Transaction, '$queryRaw'>,
  { projectId, holdMicros, batch }: Approvable,
): Promise<boolean> {
  const [judged] = await tx.$queryRaw<{ waits: boolean }[]>`
    SELECT needs_approval(${projectId}::uuid, ${holdMicros}, ${batch}) AS waits`;
  if (!judged) throw new Error('SELECT answers one row.');
  return judged.waits;
}

/** What an owner is told who decides about a run that waits for nobody. */
export async function notWaiting(ctx: Uses<'db'>, id: string): Promise<Conflict> {
  const { status } = await ctx.db.generation.findUniqueOrThrow({ where: { id } });
  const message = `The run is ${status}: it does not wait for approval.`;
  return new Conflict('NOT_AWAITING_APPROVAL', message, ['input', 'id']);
}
