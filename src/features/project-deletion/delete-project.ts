import { InputProblem } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorize } from '../access/authorize.ts';
import { recordAudit } from '../access/record-audit.ts';
import { recordEvent } from '../access/record-event.ts';
import { findProject, type ProjectRow } from '../projects/project.queries.ts';
import type { DeleteProjectInput } from './project-deletion.type.ts';

/**
 * Gives a project up. From the commit on nothing new is submitted for it; what the provider has is still collected
 * and paid for, and then `removeProjects` takes it all away. Asking twice is no error. Throws NotFound, Forbidden,
 * InputProblem for another name.
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
      // One statement for however many: a worker that comes to one of these runs cancels it instead of submitting it.
      // Those that a worker holds now are passed over: it waits for this project's row, we must not wait for its.
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
