import { Conflict } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorize } from '../access/authorize.ts';
import { recordAudit } from '../access/record-audit.ts';
import { type EndsUnsent, endUnsentIn, reviewedIfBack } from '../database-review/end-unsent.ts';
import { findGeneration } from '../generations/generation.queries.ts';
import { moveGenerationIn } from '../generations/move-generation.ts';
import type { GenerationRow } from '../generations/progress.ts';
import type { CancelGenerationInput } from './request.type.ts';

/**
 * Cancels a run. Before the submit it ends as CANCELED and costs nothing. Afterwards the provider cannot be stopped:
 * the request to cancel is stored, and the result, which is paid for, is still collected. Throws NotFound, Forbidden,
 * and Conflict when the run has ended, or is UNCERTAIN.
 */
export async function cancelGeneration(
  ctx: EndsUnsent & Uses<'viewer' | 'loaders'>,
  input: CancelGenerationInput,
): Promise<GenerationRow> {
  const { id, projectId } = await findGeneration(ctx, fromGlobalId('Generation', input.id));
  await authorize(ctx, projectId, 'GENERATE', 'Generation');
  const also = (tx: Transaction) =>
    recordAudit(tx, ctx.viewer, {
      projectId,
      action: 'GENERATION_CANCELED',
      target: { type: 'Generation', id },
    });
  const canceled = await reviewedIfBack(ctx, id, async (tx) => {
    // The lock keeps other writers from moving the run between the attempts below.
    await tx.$queryRaw`SELECT id FROM generations WHERE id = ${id}::uuid FOR NO KEY UPDATE`;
    const row = await endUnsentIn(ctx, tx, id, {
      to: 'CANCELED',
      from: ['AWAITING_APPROVAL', 'QUEUED'],
      set: { cancelRequestedAt: 'now' },
      also,
    });
    if (row) return row;
    for (const status of ['SUBMITTING', 'SUBMITTED', 'PROCESSING', 'STORING'] as const) {
      const noted = await moveGenerationIn(ctx, tx, id, {
        to: status,
        from: [status],
        set: { cancelRequestedAt: 'now' },
        also,
        event: 'GENERATION_CANCEL_REQUESTED',
      });
      if (noted) return noted;
    }
    return null;
  });
  if (canceled) return canceled;
  const { status } = await ctx.db.generation.findUniqueOrThrow({ where: { id } });
  throw new Conflict('NOT_CANCELABLE', `A run that is ${status} cannot be canceled.`, ['input', 'id']);
}
