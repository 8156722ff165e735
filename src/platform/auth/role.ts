/** What a member, or a key, is in a project; from least to most. */
export const roles = ['VIEWER', 'EDITOR', 'OWNER'] as const;
export type Role = (typeof roles)[number];

/** Whether one role is at least another. */
export function isAtLeast(role: Role, least: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(least);
}
