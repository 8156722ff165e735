import type { Uses } from '../../platform/context.ts';
import { tables } from '../../platform/reads/generated/tables.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

export const projectView = view(tables.Project);

/** The projects that a viewer may see: the admin all, an API key its own, a user those where they are a member. */
export const projectsOfViewer = newest(
  projectView,
  null,
  'createdAt',
  (_: object, { viewer }: Uses<'viewer'>) => {
    if (viewer.kind === 'ADMIN') return [];
    if (viewer.kind === 'API_KEY')
      return [{ sql: (place) => `t."id" = ${place}::uuid`, value: viewer.projectId }];
    const sql = (place: string) =>
      `t."id" IN (SELECT m.project_id FROM members m WHERE m.user_id = ${place}::uuid)`;
    return [{ sql, value: viewer.userId }];
  },
);
