import type { Role } from '../../platform/auth/role.ts';

/** The whole policy: each action, and the least role that may do it. */
export const leastRole = {
  READ_PROJECT: 'VIEWER',
  READ_MEMBERS: 'VIEWER',
  LEAVE_PROJECT: 'VIEWER',
  USE_OWN_API_KEYS: 'VIEWER',
  EDIT_CHARACTERS: 'EDITOR',
  GENERATE: 'EDITOR',
  RATE_IMAGES: 'EDITOR',
  READ_SPEND: 'EDITOR',
  ARCHIVE_PROJECT: 'OWNER',
  READ_AUDIT_LOG: 'OWNER',
  MANAGE_MEMBERS: 'OWNER',
  MANAGE_API_KEYS: 'OWNER',
  MANAGE_PROVIDER_KEY: 'OWNER',
  MANAGE_BUDGETS: 'OWNER',
  APPROVE_GENERATIONS: 'OWNER',
  RESOLVE_GENERATIONS: 'OWNER',
  DELETE_PROJECT: 'OWNER',
} as const satisfies Record<string, Role>;

/** Everything that can be done in a project. */
export type Action = keyof typeof leastRole;

/**
 * What no API key may do, whatever its role. A key that leaks must not make more keys or members, because these would
 * still work after the key is revoked. It must not show people's addresses, nor spend more than people have allowed.
 */
export const peopleOnly: readonly Action[] = [
  'READ_MEMBERS',
  'READ_AUDIT_LOG',
  'LEAVE_PROJECT',
  'USE_OWN_API_KEYS',
  'MANAGE_MEMBERS',
  'MANAGE_API_KEYS',
  'MANAGE_PROVIDER_KEY',
  'MANAGE_BUDGETS',
  'APPROVE_GENERATIONS',
  'RESOLVE_GENERATIONS',
  'DELETE_PROJECT',
];
