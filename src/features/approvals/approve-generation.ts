import type { Uses } from '../../platform/context.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorizeChange } from '../access/authorize.ts';
import { recordAudit } from '../access/record-audit.ts';
import { findGeneration } from '../generations/generation.queries.ts';
import { moveGenerationIn } from '../generations/move-generation.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { admitGenerations } from '../generations/queue/slots.ts';
import { notWaiting } from './approval.ts';
import type { ApproveGenerationInput } from './approval.type.ts';

/**
 * Approves a run that waits for approval. Its hold exists since it was requested. Throws NotFound, Forbidden, and
 * Conflict when the run does not wait for approval, or its project is archived or being deleted.
 */
export async function approveGeneration(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'jobs'>,
  input: ApproveGenerationInput,
): Promise<GenerationRow> {
  const { id, projectId } = await findGeneration(ctx, fromGlobalId('Generation', input.id));
  await authorizeChange(ctx, projectId, 'APPROVE_GENERATIONS', { what: 'Generation', field: 'id' });
  const approved = await ctx.db.$transaction((tx) =>
    moveGenerationIn(ctx, tx, id, {
      to: 'QUEUED',
      from: ['AWAITING_APPROVAL'],
      event: 'GENERATION_APPROVED',
      also: async () => {
        await admitGenerations(ctx, tx, projectId, 1);
        await recordAudit(tx, ctx.viewer, {
          projectId,
          action: 'GENERATION_APPROVED',
          target: { type: 'Generation', id },
        });
      },
    }),
  );
  if (approved) return approved;
  throw await notWaiting(ctx, id);
}
