import type { Viewer } from '../../platform/auth/viewer.ts';
import type { Project as ProjectRow } from '../../platform/db/generated/client.ts';
import { bigint, integer, moment, optional, text } from '../../platform/reads/column.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

/** `projects`, column by column. */
export const projectView = view<ProjectRow>('projects', {
  id: text,
  name: text,
  timeZone: text,
  lastSequence: bigint,
  createdAt: moment,
  archivedAt: optional(moment),
  deletingAt: optional(moment),
  maxConcurrentGenerations: integer,
  activeGenerations: integer,
  excessGenerations: integer,
  approvalPerRunMicros: optional(bigint),
  approvalPerBatchMicros: optional(bigint),
});

/** Those that somebody may see: all, one, or those in which a user is a member. */
export const projectsOfViewer = newest(
  projectView,
  null,
  'createdAt',
  ({ viewer }: { readonly viewer: Viewer }) => {
    if (viewer.kind === 'ADMIN') return [];
    if (viewer.kind === 'API_KEY')
      return [{ sql: (place) => `t."id" = ${place}::uuid`, value: viewer.projectId }];
    const sql = (place: string) =>
      `t."id" IN (SELECT m.project_id FROM members m WHERE m.user_id = ${place}::uuid)`;
    return [{ sql, value: viewer.userId }];
  },
);
