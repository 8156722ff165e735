import type { Role } from './role.ts';

/** Who asks, as the credentials prove it; what they may do in a project is `authorize`'s business. */
export type Viewer =
  /** The operator of the installation, who may see and do everything. */
  | { readonly kind: 'ADMIN' }
  /** A person, by a token of the organisation's identity provider. */
  | {
      readonly kind: 'USER';
      readonly userId: string;
      readonly email: string | null;
      /** The identity provider sends an address and does not confirm it. */
      readonly hasDoubtfulEmail: boolean;
      readonly expiresAt: Date;
    }
  /** A key for one project; with a user it is theirs, and `role` is never more than their own. */
  | {
      readonly kind: 'API_KEY';
      readonly apiKeyId: string;
      readonly userId: string | null;
      readonly projectId: string;
      readonly role: Role;
      /** Slugs; empty allows every model. */
      readonly allowedModels: readonly string[];
      readonly expiresAt: Date | null;
    };

/**
 * Names a viewer among others, for limits; contains no secret. A person and their keys are one, and so are the keys of a
 * project: otherwise a person who makes many keys would have many limits.
 */
export function viewerName(viewer: Viewer): string {
  if (viewer.kind === 'ADMIN') return 'admin';
  if (viewer.kind === 'API_KEY' && viewer.userId === null) return `project:${viewer.projectId}`;
  return `user:${viewer.userId}`;
}

/** The key by which a viewer's points and bytes are counted; null for the admin, who has no limit. */
export function limitKey(viewer: Viewer): string | null {
  return viewer.kind === 'ADMIN' ? null : viewerName(viewer);
}
