import type { Uses } from '../../platform/context.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorize } from '../access/authorize.ts';
import { lockStandingProject } from '../access/lock-project.ts';
import { recordAudit } from '../access/record-audit.ts';
import { recordEvent } from '../access/record-event.ts';
import { findProject, type ProjectRow } from './project.queries.ts';
import type { ArchiveProjectInput } from './project.type.ts';

/**
 * Makes a project read-only: it takes no new runs and no changes. Runs that were requested before continue. Members
 * and keys can still be managed. Archiving twice is no error. Throws NotFound, Forbidden, and Conflict for a project
 * that is being deleted.
 */
export async function archiveProject(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'clock'>,
  input: ArchiveProjectInput,
): Promise<ProjectRow> {
  const { id } = await findProject(ctx, fromGlobalId('Project', input.id));
  await authorize(ctx, id, 'ARCHIVE_PROJECT');
  return ctx.db.$transaction(async (tx) => {
    await lockStandingProject(tx, id, 'id');
    const { count } = await tx.project.updateMany({
      where: { id, archivedAt: null },
      data: { archivedAt: ctx.clock.now() },
    });
    if (count > 0) {
      await recordAudit(tx, ctx.viewer, {
        projectId: id,
        action: 'PROJECT_ARCHIVED',
        target: { type: 'Project', id },
      });
      await recordEvent(tx, { projectId: id, kind: 'PROJECT_ARCHIVED' });
    }
    return tx.project.findUniqueOrThrow({ where: { id } });
  });
}
