import { NotFound } from '../../errors.ts';
import type { Project as ProjectRow } from '../../platform/db/generated/client.ts';
import { type Asker, authorize, isAllowed } from '../access/authorize.ts';
import { readable } from '../access/readable.ts';
import { projectView } from './project.view.ts';

export type { ProjectRow };

/** As documents reach them. */
export const projects = readable(projectView, 'Project', findProject);

/** The project with this row id. Throws NotFound, also for strangers. */
export async function findProject(ctx: Asker, id: string): Promise<ProjectRow> {
  await authorize(ctx, id, 'READ_PROJECT');
  const project = await loadProject(ctx, id);
  if (!project) throw new NotFound('Project');
  return project;
}

/** The same; null where findProject throws. */
export async function projectIfVisible(ctx: Asker, id: string): Promise<ProjectRow | null> {
  return (await isAllowed(ctx, id, 'READ_PROJECT')) ? loadProject(ctx, id) : null;
}

async function loadProject(ctx: Asker, id: string): Promise<ProjectRow | null> {
  return ctx.loaders
    .of('projects', async (ids) => {
      const rows = await ctx.db.project.findMany({ where: { id: { in: ids } } });
      return rows.map((row) => [row.id, row] as const);
    })
    .load(id);
}
