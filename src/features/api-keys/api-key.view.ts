import { tables } from '../../platform/reads/generated/tables.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

export const apiKeyView = view(tables.ApiKey);

/** All keys of a project, or those of one user. */
export const apiKeysOfProject = newest(
  apiKeyView,
  'projectId',
  'createdAt',
  ({ userId }: { userId?: string | null }) =>
    userId == null ? [] : [{ sql: (place) => `t."user_id" = ${place}::uuid`, value: userId }],
);
