import type { Uses } from '../../platform/context.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorize } from '../access/authorize.ts';
import { lockStandingProject } from '../access/lock-project.ts';
import { recordAudit } from '../access/record-audit.ts';
import { recordEvent } from '../access/record-event.ts';
import { findProject, type ProjectRow } from './project.queries.ts';
import type { RestoreProjectInput } from './project.type.ts';

/**
 * Opens an archived project again. An open project is left as it is. Throws NotFound, Forbidden, and Conflict for a
 * project that is being deleted.
 */
export async function restoreProject(
  ctx: Uses<'db' | 'viewer' | 'loaders'>,
  input: RestoreProjectInput,
): Promise<ProjectRow> {
  const { id } = await findProject(ctx, fromGlobalId('Project', input.id));
  await authorize(ctx, id, 'ARCHIVE_PROJECT');
  return ctx.db.$transaction(async (tx) => {
    await lockStandingProject(tx, id, 'id');
    const { count } = await tx.project.updateMany({
      where: { id, archivedAt: { not: null } },
      data: { archivedAt: null },
    });
    if (count > 0) {
      await recordAudit(tx, ctx.viewer, {
        projectId: id,
        action: 'PROJECT_RESTORED',
        target: { type: 'Project', id },
      });
      await recordEvent(tx, { projectId: id, kind: 'PROJECT_RESTORED' });
    }
    return tx.project.findUniqueOrThrow({ where: { id } });
  });
}
