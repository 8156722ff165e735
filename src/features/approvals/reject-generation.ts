import type { Uses } from '../../platform/context.ts';
import { checkOptionalText } from '../../platform/graphql/text.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorize } from '../access/authorize.ts';
import { recordAudit } from '../access/record-audit.ts';
import { type EndsUnsent, endUnsent } from '../database-review/end-unsent.ts';
import { failureCodes, failureColumns } from '../generations/failure.ts';
import { findGeneration } from '../generations/generation.queries.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { notWaiting } from './approval.ts';
import type { RejectGenerationInput } from './approval.type.ts';

/**
 * Rejects a run that waits for approval: it becomes CANCELED, and its hold is released. Throws like approveGeneration.
 */
export async function rejectGeneration(
  ctx: EndsUnsent & Uses<'viewer' | 'loaders'>,
  input: RejectGenerationInput,
): Promise<GenerationRow> {
  const { id, projectId } = await findGeneration(ctx, fromGlobalId('Generation', input.id));
  await authorize(ctx, projectId, 'APPROVE_GENERATIONS', 'Generation');
  const reason = checkOptionalText(['input', 'reason'], input.reason, 500);
  const message = [failureCodes.APPROVAL_REJECTED, reason].filter((part) => part !== null).join(' ');
  const rejected = await endUnsent(ctx, id, {
    to: 'CANCELED',
    from: ['AWAITING_APPROVAL'],
    set: failureColumns({ code: 'APPROVAL_REJECTED', message, retryable: false }),
    event: 'GENERATION_REJECTED',
    also: (tx) =>
      recordAudit(tx, ctx.viewer, {
        projectId,
        action: 'GENERATION_REJECTED',
        target: { type: 'Generation', id },
      }),
  });
  if (rejected) return rejected;
  throw await notWaiting(ctx, id);
}
