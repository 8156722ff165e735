import { NotFound, Unauthenticated } from '../../errors.ts';
import { type Role, roles } from '../../platform/auth/role.ts';
import type { Viewer } from '../../platform/auth/viewer.ts';
import type { Uses } from '../../platform/context.ts';

const accessEnds = [
  'TOKEN_EXPIRED',
  'KEY_ENDED',
  'ROLE_CHANGED',
  'MEMBERSHIP_ENDED',
  'USER_FORGOTTEN',
  'PROJECT_GONE',
] as const;
/** Why somebody may not go on following what they follow. */
export type AccessEnd = (typeof accessEnds)[number];

/** What somebody is in a project now, or why they are nothing any more; null for one who follows no project. */
export type Standing = Role | AccessEnd | null;

const standings = new Map<string, Standing>([
  ...[...roles, ...accessEnds].map((each) => [each, each] as const),
  ['', null],
]);

/** Somebody who follows a project, or nothing yet, over a long-lived connection. */
export interface Follower {
  readonly viewer: Viewer;
  readonly projectId: string | null;
}

/**
 * Names the credential that a viewer came with, or one that is as good: whoever asks for many followers asks once for
 * those with the same.
 */
export function credentialOf(viewer: Viewer): string {
  return JSON.stringify(asRecord(viewer));
}

function asRecord(viewer: Viewer) {
  return {
    kind: viewer.kind,
    userId: viewer.kind === 'USER' ? viewer.userId : null,
    apiKeyId: viewer.kind === 'API_KEY' ? viewer.apiKeyId : null,
    role: viewer.kind === 'API_KEY' ? viewer.role : null,
    expiresAt: viewer.kind === 'USER' ? viewer.expiresAt : null,
  };
}

/**
 * Asks anew, for many at once and in one statement, what was asked when they came: is the token still good, the key
 * still live, the membership still there? In their order.
 */
export async function reviewAccess(
  { db }: Uses<'db'>,
  followers: readonly Follower[],
): Promise<readonly Standing[]> {
  if (followers.length === 0) return [];
  const asked = followers.map(({ viewer, projectId }) => ({ ...asRecord(viewer), projectId }));
  // One text rather than thousands of rows, each of which would be taken apart.
  const [reviewed] = await db.$queryRaw<{ all: string }[]>`
    WITH reviewed AS (
      SELECT "index", CASE kind WHEN 'USER' THEN m.role::text WHEN 'API_KEY' THEN a.role ELSE 'OWNER' END AS role,
        CASE kind
          WHEN 'API_KEY' THEN CASE
            WHEN k.id IS NULL THEN 'KEY_ENDED'
            -- The role is part of the viewer.
            WHEN k.effective_role::text <> a.role THEN 'ROLE_CHANGED' END
          WHEN 'USER' THEN CASE
            WHEN u.id IS NULL THEN 'USER_FORGOTTEN'
            WHEN a."expiresAt" <= now() THEN 'TOKEN_EXPIRED'
            WHEN a."projectId" IS NOT NULL AND m.id IS NULL THEN 'MEMBERSHIP_ENDED' END
          ELSE CASE WHEN a."projectId" IS NOT NULL AND p.id IS NULL THEN 'PROJECT_GONE' END
        END AS "end"
      FROM ROWS FROM (
        jsonb_to_recordset(${JSON.stringify(asked)}::jsonb)
          AS ("projectId" uuid, kind text, "userId" uuid, "apiKeyId" uuid, role text, "expiresAt" timestamptz)
      ) WITH ORDINALITY AS a("projectId", kind, "userId", "apiKeyId", role, "expiresAt", "index")
      LEFT JOIN live_api_keys k ON k.id = a."apiKeyId"
      LEFT JOIN users u ON u.id = a."userId" AND u.forgotten_at IS NULL
      LEFT JOIN members m ON m.user_id = a."userId" AND m.project_id = a."projectId"
      LEFT JOIN projects p ON p.id = a."projectId"
    )
    SELECT string_agg(coalesce("end", role, ''), ',' ORDER BY "index") AS "all" FROM reviewed`;
  const all = (reviewed?.all ?? '').split(',').map((text) => standings.get(text));
  return followers.map((_, index) => {
    const standing = all[index];
    if (standing === undefined) throw new Error('Access was reviewed for fewer than were asked for.');
    return standing;
  });
}

/** Whether access has ended. */
export function isEnd(standing: Standing): standing is AccessEnd {
  return accessEnds.some((end) => end === standing);
}

/** Whether it ended by what they came with, and not by what they are in the project. */
function isOfCredential(end: AccessEnd): boolean {
  return ['TOKEN_EXPIRED', 'KEY_ENDED', 'ROLE_CHANGED', 'USER_FORGOTTEN'].includes(end);
}

/** What somebody is told whose access has ended, when they ask for `what`. */
export function refusal(end: AccessEnd, what: string): Unauthenticated | NotFound {
  return isOfCredential(end) ? new Unauthenticated() : new NotFound(what);
}

/** The same for one, before it is told anything of a project. Throws Unauthenticated, or NotFound for `what`. */
export async function refuseEnded(
  ctx: Uses<'db' | 'viewer'>,
  projectId: string,
  what: string,
): Promise<void> {
  const [standing = null] = await reviewAccess(ctx, [{ viewer: ctx.viewer, projectId }]);
  if (isEnd(standing)) throw refusal(standing, what);
}
