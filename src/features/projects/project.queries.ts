import { NotFound } from '../../errors.ts';
import type { Project as ProjectRow } from '../../platform/db/generated/client.ts';
import { readConnection } from '../../platform/reads/lists.ts';
import type { Page, Paging } from '../../platform/reads/page.ts';
import { type Asker, authorize, isAllowed, type Lister } from '../access/authorize.ts';
import { readable } from '../access/readable.ts';
import { projectsOfViewer, projectView } from './project.view.ts';

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

/** The viewer's projects, newest first: those they are a member of, the one their key is for; the admin's are all. */
export async function listProjects(ctx: Lister, args: Paging): Promise<Page<ProjectRow>> {
  return readConnection(ctx, projectsOfViewer, '', { ...args, viewer: ctx.viewer });
}
