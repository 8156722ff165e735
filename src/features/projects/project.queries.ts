import { NotFound } from '../../errors.ts';
import type { Prisma, Project as ProjectRow } from '../../platform/db/generated/client.ts';
import { behind, type Page, readPage } from '../../platform/graphql/connection.ts';
import { type Asker, authorize, isAllowed } from '../access/authorize.ts';

export type { ProjectRow };

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
export async function listProjects(
  { db, viewer }: Asker,
  args: { first: number; after?: string | null },
): Promise<Page<ProjectRow>> {
  const mine: Prisma.ProjectWhereInput =
    viewer.kind === 'ADMIN'
      ? {}
      : viewer.kind === 'API_KEY'
        ? { id: viewer.projectId }
        : { members: { some: { userId: viewer.userId } } };
  return readPage(
    args,
    (row) => row.createdAt,
    ({ after, limit }) =>
      db.project.findMany({
        where: { AND: [mine, behind('createdAt', after)] },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit,
      }),
    () => db.project.count({ where: mine }),
  );
}
