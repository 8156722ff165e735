import { NotFound } from '../../errors.ts';
import { authorize } from '../../platform/auth/policy.ts';
import type { Uses } from '../../platform/context.ts';
import type { Project as ProjectRow } from '../../platform/db/generated/client.ts';
import { behind, type Page, readPage } from '../../platform/graphql/connection.ts';

export type { ProjectRow };

/** The project with this row id. Throws NotFound, also for strangers. */
export async function findProject(ctx: Uses<'db' | 'viewer' | 'loaders'>, id: string): Promise<ProjectRow> {
  authorize(ctx.viewer, 'READ_PROJECT');
  const project = await ctx.loaders
    .of('projects', async (ids) => {
      const rows = await ctx.db.project.findMany({ where: { id: { in: ids } } });
      return rows.map((row) => [row.id, row] as const);
    })
    .load(id);
  if (!project) throw new NotFound('Project');
  return project;
}

/** The viewer's projects, newest first. */
export async function listProjects(
  ctx: Uses<'db' | 'viewer'>,
  args: { first: number; after?: string | null },
): Promise<Page<ProjectRow>> {
  authorize(ctx.viewer, 'READ_PROJECT');
  return readPage(
    args,
    (row) => row.createdAt,
    ({ after, limit }) =>
      ctx.db.project.findMany({
        where: behind('createdAt', after),
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit,
      }),
    () => ctx.db.project.count(),
  );
}
