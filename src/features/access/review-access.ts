import { NotFound, Unauthenticated } from '../../errors.ts';
import type { Viewer } from '../../platform/auth/viewer.ts';
import type { Uses } from '../../platform/context.ts';

/** Why somebody may not go on following what they follow. */
export type AccessEnd = 'TOKEN_EXPIRED' | 'KEY_ENDED' | 'MEMBERSHIP_ENDED' | 'PROJECT_GONE';

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
  ctx: Uses<'db' | 'clock'>,
  followers: readonly Follower[],
): Promise<(AccessEnd | null)[]> {
  const asked = followers.flatMap(({ viewer, projectIds }, index) =>
    (projectIds.length > 0 ? projectIds : [null]).map((projectId) => ({
      index,
      projectId,
      kind: viewer.kind,
      userId: viewer.kind === 'USER' ? viewer.userId : null,
      apiKeyId: viewer.kind === 'API_KEY' ? viewer.apiKeyId : null,
    })),
  );
  const ended =
    asked.length === 0
      ? []
      : await ctx.db.$queryRaw<{ index: number; end: AccessEnd }[]>`
    WITH asked AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(asked)}::jsonb)
        AS a("index" int, "projectId" uuid, kind text, "userId" uuid, "apiKeyId" uuid)
    )
    SELECT "index", CASE kind WHEN 'API_KEY' THEN 'KEY_ENDED' WHEN 'USER' THEN 'MEMBERSHIP_ENDED' ELSE 'PROJECT_GONE' END AS "end"
    FROM asked a WHERE CASE kind
      WHEN 'API_KEY' THEN NOT EXISTS (SELECT 1 FROM live_api_keys k WHERE k.id = a."apiKeyId")
      WHEN 'USER' THEN a."projectId" IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM members m WHERE m.user_id = a."userId" AND m.project_id = a."projectId")
      ELSE a."projectId" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM projects p WHERE p.id = a."projectId")
    END`;
  const ends = new Map(ended.map(({ index, end }) => [index, end]));
  const now = ctx.clock.now();
  return followers.map(({ viewer }, index) => {
    const isExpired = viewer.kind === 'USER' && viewer.expiresAt <= now;
    return isExpired ? 'TOKEN_EXPIRED' : (ends.get(index) ?? null);
  });
}

/** The same for one, before it is told anything of a project. Throws Unauthenticated, or NotFound for `what`. */
export async function refuseEnded(
  ctx: Uses<'db' | 'clock' | 'viewer'>,
  projectId: string,
  what: string,
): Promise<void> {
  const [end] = await reviewAccess(ctx, [{ viewer: ctx.viewer, projectIds: [projectId] }]);
  if (end === 'TOKEN_EXPIRED' || end === 'KEY_ENDED') throw new Unauthenticated();
  if (end) throw new NotFound(what);
}
