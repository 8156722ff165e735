import { NotFound, Unauthenticated } from '../../errors.ts';
import type { Viewer } from '../../platform/auth/viewer.ts';
import type { Uses } from '../../platform/context.ts';

/** Why somebody may not go on following what they follow. */
export type AccessEnd = 'TOKEN_EXPIRED' | 'KEY_ENDED' | 'ROLE_CHANGED' | 'MEMBERSHIP_ENDED' | 'PROJECT_GONE';

/** Somebody who follows projects over a long-lived connection. */
export interface Follower {
  readonly viewer: Viewer;
  readonly projectIds: readonly string[];
}

/**
 * Asks anew, for many at once and in one statement, what was asked when they came: is the token still good, the key
 * still live, the membership still there? In their order; null where nothing has ended.
 */
export async function reviewAccess(
  ctx: Uses<'db'>,
  followers: readonly Follower[],
): Promise<(AccessEnd | null)[]> {
  const asked = followers.flatMap(({ viewer, projectIds }, index) =>
    (projectIds.length > 0 ? projectIds : [null]).map((projectId) => ({
      index,
      projectId,
      kind: viewer.kind,
      userId: viewer.kind === 'USER' ? viewer.userId : null,
      apiKeyId: viewer.kind === 'API_KEY' ? viewer.apiKeyId : null,
      role: viewer.kind === 'API_KEY' ? viewer.role : null,
      expiresAt: viewer.kind === 'USER' ? viewer.expiresAt : null,
    })),
  );
  const ended =
    asked.length === 0
      ? []
      : await ctx.db.$queryRaw<{ index: number; end: AccessEnd }[]>`
    WITH asked AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(asked)}::jsonb)
        AS a("index" int, "projectId" uuid, kind text, "userId" uuid, "apiKeyId" uuid, role text,
            "expiresAt" timestamptz)
    ), reviewed AS (
      SELECT "index", CASE kind
        WHEN 'API_KEY' THEN CASE
          WHEN k.id IS NULL THEN 'KEY_ENDED'
          -- The role is part of the viewer.
          WHEN k.effective_role::text <> a.role THEN 'ROLE_CHANGED' END
        WHEN 'USER' THEN CASE
          WHEN a."expiresAt" <= now() THEN 'TOKEN_EXPIRED'
          WHEN a."projectId" IS NOT NULL AND m.id IS NULL THEN 'MEMBERSHIP_ENDED' END
        ELSE CASE WHEN a."projectId" IS NOT NULL AND p.id IS NULL THEN 'PROJECT_GONE' END
      END AS "end"
      FROM asked a
      LEFT JOIN live_api_keys k ON k.id = a."apiKeyId"
      LEFT JOIN members m ON m.user_id = a."userId" AND m.project_id = a."projectId"
      LEFT JOIN projects p ON p.id = a."projectId"
    )
    SELECT "index", "end" FROM reviewed WHERE "end" IS NOT NULL`;
  const ends = new Map(ended.map(({ index, end }) => [index, end]));
  return followers.map((_, index) => ends.get(index) ?? null);
}

/** The same for one, before it is told anything of a project. Throws Unauthenticated, or NotFound for `what`. */
export async function refuseEnded(
  ctx: Uses<'db' | 'viewer'>,
  projectId: string,
  what: string,
): Promise<void> {
  const [end] = await reviewAccess(ctx, [{ viewer: ctx.viewer, projectIds: [projectId] }]);
  if (end === 'TOKEN_EXPIRED' || end === 'KEY_ENDED' || end === 'ROLE_CHANGED') throw new Unauthenticated();
  if (end) throw new NotFound(what);
}
