import { tables } from '../../platform/reads/generated/tables.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

export const apiKeyView = view(tables.ApiKey);

/** All of a project's, or one person's. */
export const apiKeysOfProject = newest(
  apiKeyView,
  'projectId',
  'createdAt',
  ({ userId }: { userId?: string | null }) =>
    userId == null ? [] : [{ sql: (place) => `t."user_id" = ${place}::uuid`, value: userId }],
);
