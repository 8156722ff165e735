import { type ApiKey as ApiKeyRow, Role } from '../../platform/db/generated/client.ts';
import { choice, moment, optional, text, texts } from '../../platform/reads/column.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

/** `api_keys`, column by column. */
export const apiKeyView = view<ApiKeyRow>('api_keys', {
  id: text,
  projectId: text,
  userId: optional(text),
  name: text,
  role: choice(Role),
  prefix: text,
  secretHash: text,
  allowedModels: texts,
  createdAt: moment,
  expiresAt: optional(moment),
  lastUsedAt: optional(moment),
  revokedAt: optional(moment),
});

/** All of a project's, or one person's. */
export const apiKeysOfProject = newest(
  apiKeyView,
  'projectId',
  'createdAt',
  ({ userId }: { userId?: string | null }) =>
    userId == null ? [] : [{ sql: (place) => `t."user_id" = ${place}::uuid`, value: userId }],
);
