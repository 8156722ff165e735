import { isAtLeast, roles } from '../../platform/auth/role.ts';
import type { Uses } from '../../platform/context.ts';
import { tables } from '../../platform/reads/generated/tables.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';
import { leastRole } from '../access/policy.ts';

export const apiKeyView = view(tables.ApiKey);

const managers = roles
  .filter((role) => isAtLeast(role, leastRole.MANAGE_API_KEYS))
  .map((role) => `'${role}'`);

/** The keys of a project that the viewer may see: all for those who manage keys, their own for other members. */
export const apiKeysOfProject = newest(
  apiKeyView,
  'projectId',
  'createdAt',
  (_: object, { viewer }: Uses<'viewer'>) => {
    if (viewer.kind === 'ADMIN') return [];
    // API keys were refused before.
    if (viewer.kind === 'API_KEY') return [{ sql: 'false' }];
    const sql = (user: string) => `(t."user_id" = ${user}::uuid OR EXISTS (SELECT 1 FROM members m
      WHERE m.project_id = t."project_id" AND m.user_id = ${user}::uuid AND m.role IN (${managers.join(', ')})))`;
    return [{ sql, value: viewer.userId }];
  },
);
