import { InputProblem } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorize } from '../access/authorize.ts';
import { recordAudit } from '../access/record-audit.ts';
import { recordEvent } from '../access/record-event.ts';
import { findProject, type ProjectRow } from '../projects/project.queries.ts';
import type { DeleteProjectInput } from './project-deletion.type.ts';

/**
 * Requests the deletion of a project. From the commit on nothing new is submitted for it. Runs that the provider has
 * are still collected and paid for, and then `removeProjects` deletes everything. A second call is no error. Throws
 * NotFound, Forbidden, and InputProblem when the name is not the project's.
 */
export async function deleteProject(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'clock'>,
  input: DeleteProjectInput,
): Promise<ProjectRow> {
  const { id, name } = await findProject(ctx, fromGlobalId('Project', input.id));
  await authorize(ctx, id, 'DELETE_PROJECT');
  if (input.name !== name) {
    const message = "name must be the project's name, exactly; nothing was deleted.";
    throw new InputProblem(['input', 'name'], message, 'NAME_DIFFERS');
  }
  return ctx.db.$transaction(async (tx) => {
    const { count } = await tx.project.updateMany({
      where: { id, deletingAt: null },
      data: { deletingAt: ctx.clock.now() },
    });
    if (count > 0) {
      // One statement for all runs: a worker cancels each of them instead of submitting it. A run that a worker has
      // locked now is skipped: the worker waits for the row of this project, so waiting for the run would be a
      // deadlock.
      await tx.$executeRaw`
        UPDATE generations SET cancel_requested_at = now() WHERE id IN (
          SELECT id FROM generations WHERE project_id = ${id}::uuid AND status IN ('QUEUED', 'SUBMITTING')
            AND cancel_requested_at IS NULL FOR UPDATE SKIP LOCKED)`;
      await recordAudit(tx, ctx.viewer, {
        projectId: id,
        action: 'PROJECT_DELETION_REQUESTED',
        target: { type: 'Project', id },
      });
      await recordEvent(tx, { projectId: id, kind: 'PROJECT_DELETING' });
    }
    return tx.project.findUniqueOrThrow({ where: { id } });
  });
}
