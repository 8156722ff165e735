import { authorize } from '../../platform/auth/policy.ts';
import type { Uses } from '../../platform/context.ts';
import { checkText } from '../../platform/graphql/text.ts';
import type { ProjectRow } from './project.queries.ts';
import type { CreateProjectInput } from './project.type.ts';

/** Makes an empty project. Throws InputProblem. */
export async function createProject(
  ctx: Uses<'db' | 'viewer'>,
  input: CreateProjectInput,
): Promise<ProjectRow> {
  authorize(ctx.viewer, 'CREATE_PROJECT');
  const name = checkText(['input', 'name'], input.name, { minimum: 1, maximum: 200 });
  return ctx.db.project.create({ data: { name } });
}
