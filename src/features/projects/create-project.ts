import { Forbidden } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { checkText } from '../../platform/graphql/text.ts';
import { holdUser } from '../access/hold-user.ts';
import { recordAudit } from '../access/record-audit.ts';
import type { ProjectRow } from './project.queries.ts';
import type { CreateProjectInput } from './project.type.ts';

/** Makes an empty project. The user who asks is its first owner. Throws InputProblem, and Forbidden for API keys. */
export async function createProject(
  ctx: Uses<'db' | 'viewer'>,
  input: CreateProjectInput,
): Promise<ProjectRow> {
  const { viewer } = ctx;
  if (viewer.kind === 'API_KEY')
    throw new Forbidden('An API key is for one project and cannot create another.');
  const name = checkText(['input', 'name'], input.name, { minimum: 1, maximum: 200 });
  const members = viewer.kind === 'USER' ? { create: { userId: viewer.userId, role: 'OWNER' as const } } : {};
  return ctx.db.$transaction(async (tx) => {
    await holdUser(tx, viewer);
    const project = await tx.project.create({ data: { name, members } });
    await recordAudit(tx, viewer, {
      projectId: project.id,
      action: 'PROJECT_CREATED',
      target: { type: 'Project', id: project.id },
    });
    return project;
  });
}
