import type { Uses } from '../../platform/context.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorize } from '../access/authorize.ts';
import { lockProject } from '../access/lock-project.ts';
import { recordAudit } from '../access/record-audit.ts';
import { findProject, type ProjectRow } from '../projects/project.queries.ts';
import type { RemoveProviderKeyInput } from './provider-key.type.ts';

/**
 * Lets the server pay for a project's new runs again. The key itself is deleted when the runs that were submitted with
 * it have settled. A project without a key is no error. Throws NotFound, Forbidden.
 */
export async function removeProviderKey(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'clock'>,
  input: RemoveProviderKeyInput,
): Promise<ProjectRow> {
  const projectId = fromGlobalId('Project', input.projectId);
  await authorize(ctx, projectId, 'MANAGE_PROVIDER_KEY');
  await ctx.db.$transaction(async (tx) => {
    await lockProject(tx, projectId);
    const { count } = await tx.providerKey.updateMany({
      where: { projectId, removedAt: null },
      data: { removedAt: ctx.clock.now() },
    });
    if (count === 0) return;
    await recordAudit(tx, ctx.viewer, {
      projectId,
      action: 'PROVIDER_KEY_REMOVED',
      target: { type: 'Project', id: projectId },
    });
  });
  return findProject(ctx, projectId);
}
