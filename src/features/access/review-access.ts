import { NotFound, Unauthenticated } from '../../errors.ts';
import { type Role, roles } from '../../platform/auth/role.ts';
import type { Viewer } from '../../platform/auth/viewer.ts';
import type { Uses } from '../../platform/context.ts';
import type { Database } from '../../platform/db/connect.ts';
import { sharedRead } from '../../platform/db/turns.ts';

/*
 * Each operation on a socket is authenticated. Once a second each process asks the database, in one statement for
 * all its sockets, whether token, key and membership still hold, and a batch of events is only sent after asking the
 * same once more. So it does not matter on which process a key was revoked, and nothing that happened after it is
 * sent, not even in the second before the socket closes. Reviews that wait at the same time share a statement, which
 * begins after each of them was asked for, so each counts for the events that were read before.
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
  if (viewer.kind === 'ADMIN') return viewer.kind;
  if (viewer.kind === 'USER') return `USER ${viewer.userId} ${viewer.expiresAt.toISOString()}`;
  return `API_KEY ${viewer.apiKeyId} ${viewer.role}`;
}

/**
 * A name for what a review asks about a follower. Followers with the same name have the same standing. A key ends with
 * its project, so the project that it follows makes no difference.
 */
export function questionOf({ viewer, projectId }: Follower): string {
  const credential = credentialOf(viewer);
  return viewer.kind === 'API_KEY' || projectId === null ? credential : `${credential} ${projectId}`;
}

/**
 * Checks the access of many followers again: whether the token has expired, the key is still live, and the membership
 * is still there. The results are in the order of the followers, and true at a moment after the call.
 */
export async function reviewAccess(
  { db }: Uses<'db'>,
  followers: readonly Follower[],
): Promise<readonly Standing[]> {
  return followers.length === 0 ? [] : reviewTogether(db, followers);
}

/**
 * Reviews that are asked for at the same time share a statement, which asks once about each key. So several groups of
 * subscribers that have read the same event do not each ask about the same keys.
 */
const reviewTogether = sharedRead(
  'reviews of access',
  async (db, reviews: readonly (readonly Follower[])[]): Promise<readonly (readonly Standing[])[]> => {
    const asked = new Map<string, Follower>();
    const names = reviews.map((followers) =>
      followers.map((follower) => {
        const name = questionOf(follower);
        if (!asked.has(name)) asked.set(name, follower);
        return name;
      }),
    );
    const found = await readStandings(db, [...asked.values()]);
    const standings = new Map<string, Standing>();
    for (const [index, name] of [...asked.keys()].entries()) standings.set(name, found[index] ?? null);
    return names.map((each) => each.map((name) => standings.get(name) ?? null));
  },
);

/*
 * Parameters and answers are a few texts, because thousands of values or rows cost more to write and to parse. Of keys
 * and projects only those whose access has ended come back. The role of a key is part of its viewer.
 */
async function readStandings(db: Database, followers: readonly Follower[]): Promise<readonly Standing[]> {
  const keys: string[] = [];
  const roles: string[] = [];
  const people: (readonly [userId: string, projectId: string | null, expiresAt: string])[] = [];
  const projects: string[] = [];
  for (const { viewer, projectId } of followers) {
    if (viewer.kind === 'API_KEY') {
      keys.push(viewer.apiKeyId);
      roles.push(viewer.role);
    } else if (viewer.kind === 'USER')
      people.push([viewer.userId, projectId, viewer.expiresAt.toISOString()]);
    else if (projectId !== null) projects.push(projectId);
  }
  const [reviewed] = await db.$queryRaw<Reviewed[]>`
    SELECT (
      SELECT string_agg(a.index || CASE WHEN k.id IS NULL THEN ' KEY_ENDED' ELSE ' ROLE_CHANGED' END, ',')
      FROM unnest(${arrayOf(keys)}::text::uuid[], ${arrayOf(roles)}::text::text[]) WITH ORDINALITY a(id, role, index)
        LEFT JOIN live_api_keys k ON k.id = a.id
      WHERE k.id IS NULL OR k.effective_role::text <> a.role
    ) AS "keys", (
      SELECT string_agg(CASE
          WHEN u.id IS NULL THEN 'USER_FORGOTTEN'
          WHEN a.expires_at <= now() THEN 'TOKEN_EXPIRED'
          WHEN a.project_id IS NOT NULL AND m.id IS NULL THEN 'MEMBERSHIP_ENDED'
          ELSE coalesce(m.role::text, '') END, ',' ORDER BY a.index)
      FROM unnest(${arrayOf(people.map(([userId]) => userId))}::text::uuid[],
          ${arrayOf(people.map(([, projectId]) => projectId))}::text::uuid[],
          ${arrayOf(people.map(([, , expiresAt]) => expiresAt))}::text::timestamptz[])
          WITH ORDINALITY a(user_id, project_id, expires_at, index)
        LEFT JOIN users u ON u.id = a.user_id AND u.forgotten_at IS NULL
        LEFT JOIN members m ON m.user_id = a.user_id AND m.project_id = a.project_id
    ) AS "people", (
      SELECT string_agg(a.id::text, ',') FROM unnest(${arrayOf(projects)}::text::uuid[]) a(id)
        LEFT JOIN projects p ON p.id = a.id WHERE p.id IS NULL
    ) AS "projects"`;
  if (!reviewed) throw new Error('The review of access returned nothing.');
  const endedKeys = new Map((reviewed.keys?.split(',') ?? []).map((text) => readEnd(text)));
  const ofPeople = reviewed.people?.split(',') ?? [];
  const gone = new Set(reviewed.projects?.split(','));
  let [key, person] = [0, 0];
  return followers.map(({ viewer, projectId }) => {
    if (viewer.kind === 'ADMIN') return gone.has(`${projectId}`) ? 'PROJECT_GONE' : 'OWNER';
    if (viewer.kind === 'API_KEY') {
      key += 1;
      return endedKeys.get(key) ?? viewer.role;
    }
    person += 1;
    return readStanding(ofPeople[person - 1]);
  });
}

/** The answer of the statement: texts with the standings. */
interface Reviewed {
  /** The places of the keys that have ended, from 1, each with the reason; null when none has ended. */
  readonly keys: string | null;
  /** The standing of each person, in the order of the question; null when no person is asked about. */
  readonly people: string | null;
  /** The projects that are gone; null when none is gone. */
  readonly projects: string | null;
}

/** An array as Postgres reads it. The values have no characters that must be quoted. */
function arrayOf(values: readonly (string | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}

function readStanding(text: string | undefined): Standing {
  const standing = standings.get(text ?? 'none');
  if (standing === undefined) throw new Error('The review of access returned too few results.');
  return standing;
}

function readEnd(text: string): readonly [place: number, Standing] {
  const [place, end] = text.split(' ');
  return [Number(place), readStanding(end)];
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
