import { NotFound, Unauthenticated } from '../../errors.ts';
import { type Role, roles } from '../../platform/auth/role.ts';
import type { Viewer } from '../../platform/auth/viewer.ts';
import type { Uses } from '../../platform/context.ts';

/*
 * Each operation on a socket is authenticated. Once a second each process asks the database, in one statement for
 * all its sockets, whether token, key and membership still hold, and a batch of events is only sent after asking the
 * same once more. So it does not matter on which process a key was revoked, and nothing that happened after it is
 * sent, not even in the second before the socket closes.
 */

const accessEnds = [
  'TOKEN_EXPIRED',
  'KEY_ENDED',
  'ROLE_CHANGED',
  'MEMBERSHIP_ENDED',
  'USER_FORGOTTEN',
  'PROJECT_GONE',
] as const;
/** Why a follower has lost access. */
export type AccessEnd = (typeof accessEnds)[number];

/** A follower's role in a project now, or why they have lost access; null for a follower of no project. */
export type Standing = Role | AccessEnd | null;

const standings = new Map<string, Standing>([
  ...[...roles, ...accessEnds].map((each) => [each, each] as const),
  ['', null],
]);

/** A viewer who follows a project over a long-lived connection. Null as long as they follow no project. */
export interface Follower {
  readonly viewer: Viewer;
  readonly projectId: string | null;
}

/**
 * A name for the viewer's credential. Two credentials with the same rights have the same name, so that followers with
 * the same name are reviewed once.
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
 * Checks the access of many followers again, in one statement: whether the token has expired, the key is still live,
 * and the membership is still there. The results are in the order of the followers.
 */
export async function reviewAccess(
  { db }: Uses<'db'>,
  followers: readonly Follower[],
): Promise<readonly Standing[]> {
  if (followers.length === 0) return [];
  const asked = followers.map(({ viewer, projectId }) => ({ ...asRecord(viewer), projectId }));
  // The answer is one text, because parsing thousands of rows costs more.
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
    if (standing === undefined) throw new Error('The review of access returned too few results.');
    return standing;
  });
}

/** Whether access has ended. */
export function isEnd(standing: Standing): standing is AccessEnd {
  return accessEnds.some((end) => end === standing);
}

/** Whether the credential has ended, and not the viewer's role in the project. */
function isOfCredential(end: AccessEnd): boolean {
  return ['TOKEN_EXPIRED', 'KEY_ENDED', 'ROLE_CHANGED', 'USER_FORGOTTEN'].includes(end);
}

/** The error for a viewer whose access has ended, when they ask for `what`. */
export function refusal(end: AccessEnd, what: string): Unauthenticated | NotFound {
  return isOfCredential(end) ? new Unauthenticated() : new NotFound(what);
}

/**
 * Checks the access of the viewer again before something of the project is sent to them. Throws Unauthenticated, or
 * NotFound for `what`.
 */
export async function refuseEnded(
  ctx: Uses<'db' | 'viewer'>,
  projectId: string,
  what: string,
): Promise<void> {
  const [standing = null] = await reviewAccess(ctx, [{ viewer: ctx.viewer, projectId }]);
  if (isEnd(standing)) throw refusal(standing, what);
}
