import { Conflict, Forbidden, NotFound, Unauthenticated } from '../../errors.ts';
import { isAtLeast, type Role } from '../../platform/auth/role.ts';
import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { sharedRead } from '../../platform/db/turns.ts';
import { type Action, leastRole, peopleOnly } from './policy.ts';

/*
 * Each read by id loads the row and then asks `authorize` for the row's own project. Each list, loader and nested id
 * is bound to its project or character in the query itself. A stranger gets the NotFound that a random or malformed
 * id gets. Row-level security in Postgres would be a third check. It needs a setting in each transaction and a
 * transaction around each read, which costs a library that lives on reads more than it adds.
 *
 * Each change asks the database for the role again, past the cache of the request, because the mutations of one
 * document run one after another, and a body may be sent slowly.
 */

/** The tools that a check of permissions needs. */
export type Asker = Uses<'db' | 'viewer' | 'loaders'>;

/** The same, with the reader of lists. */
export type Lister = Asker & Uses<'reader'>;

/** The viewer's role in a project; null when they have none. Read once per request. */
export async function roleIn(ctx: Asker, projectId: string): Promise<Role | null> {
  const { viewer } = ctx;
  if (viewer.kind === 'ADMIN') return 'OWNER';
  if (viewer.kind === 'API_KEY') return viewer.projectId === projectId ? viewer.role : null;
  return rolesOf(ctx).load(projectId);
}

/** Remembers a role that was just read, so that it is not read again in this request. */
export function knowRole(ctx: Asker, projectId: string, role: Role): void {
  rolesOf(ctx).prime(projectId, role);
}

function rolesOf({ db, viewer, loaders }: Asker) {
  return loaders.of<Role>('roles of the viewer', async (projectIds) => {
    if (viewer.kind !== 'USER') return [];
    const members = await db.member.findMany({
      where: { userId: viewer.userId, projectId: { in: projectIds } },
      select: { projectId: true, role: true },
    });
    return members.map((member) => [member.projectId, member.role] as const);
  });
}

/**
 * The same, read again. Mutations of one document run one after another, and during a slow one the viewer may lose the
 * rights that they had when the request came. Throws Unauthenticated when the key or token itself has ended.
 */
async function roleNow({ db, viewer }: Asker, projectId: string): Promise<Role | null> {
  if (viewer.kind === 'ADMIN') return 'OWNER';
  if (viewer.kind === 'USER') {
    const { role, now } = await readMembership(db, { userId: viewer.userId, projectId });
    if (viewer.expiresAt <= now) throw new Unauthenticated();
    return role;
  }
  const key = await readKey(db, viewer.apiKeyId);
  if (!key) throw new Unauthenticated();
  return key.projectId === projectId ? key.role : null;
}

const readMembership = sharedRead(
  'memberships',
  async (db, asked: readonly { userId: string; projectId: string }[]) => {
    const [users, projects] = [asked.map(({ userId }) => userId), asked.map(({ projectId }) => projectId)];
    return db.$queryRaw<{ role: Role | null; now: Date }[]>`
    SELECT m.role::text AS role, now() AS now
    FROM unnest(${users}::uuid[], ${projects}::uuid[]) WITH ORDINALITY asked(user_id, project_id, place)
    LEFT JOIN members m USING (user_id, project_id) ORDER BY asked.place`;
  },
);

const readKey = sharedRead('keys by id', async (db, ids: readonly string[]) => {
  const keys = await db.$queryRaw<{ id: string; role: Role; projectId: string }[]>`
    SELECT id::text AS id, effective_role::text AS role, project_id::text AS "projectId"
    FROM live_api_keys WHERE id = ANY(${ids}::uuid[])`;
  const byId = new Map(keys.map((key) => [key.id, key]));
  return ids.map((id) => byId.get(id) ?? null);
});

function isReading(action: Action): boolean {
  return action.startsWith('READ_');
}

/**
 * Checks that the viewer may do `action`. Throws NotFound for a viewer without a role in the project, who must not
 * learn that the thing exists (`what` is the type they asked for). Throws Forbidden for a role that is too small, and
 * for an API key when the action is only for people.
 */
export async function authorize(
  ctx: Asker,
  projectId: string,
  action: Action,
  what = 'Project',
): Promise<void> {
  const role = await (isReading(action) ? roleIn(ctx, projectId) : roleNow(ctx, projectId));
  if (role === null) throw new NotFound(what);
  const least = leastRole[action];
  if (!isAtLeast(role, least)) {
    throw new Forbidden(`${action} needs the role ${least}; your role is ${role}.`);
  }
  if (isBarred(ctx, action)) throw new Forbidden(`${action} is not allowed for API keys.`);
}

function isBarred({ viewer }: Uses<'viewer'>, action: Action): boolean {
  return viewer.kind === 'API_KEY' && peopleOnly.includes(action);
}

/** Checks that the viewer is the admin of the installation. Throws Forbidden for all others. */
export function authorizeAdmin({ viewer }: Uses<'viewer'>): void {
  if (viewer.kind !== 'ADMIN') throw new Forbidden('This is for the admin of the installation.');
}

/** The columns of a project's row that say whether the project may still change. */
export interface Openness {
  readonly id: string;
  readonly archivedAt: Date | null;
  readonly deletingAt: Date | null;
}

/** The actions that an archived project refuses. */
const changes: readonly Action[] = ['EDIT_CHARACTERS', 'GENERATE', 'RATE_IMAGES'];

/**
 * Whether the viewer's role and their kind of credential allow the action. For fields that are left out, not refused.
 */
export async function isAllowed(ctx: Asker, projectId: string, action: Action): Promise<boolean> {
  const role = await roleIn(ctx, projectId);
  return role !== null && isAtLeast(role, leastRole[action]) && !isBarred(ctx, action);
}

/** Whether the viewer may do it now: for a frontend that draws buttons. */
export async function viewerCan(ctx: Asker, project: Openness, action: Action): Promise<boolean> {
  if (!(await isAllowed(ctx, project.id, action))) return false;
  if (isReading(action)) return true;
  // Until the project is gone a person may still enter what a run has cost.
  if (project.deletingAt) return action === 'RESOLVE_GENERATIONS';
  return !(project.archivedAt && changes.includes(action));
}

/** Throws Conflict at `field` of the input when the project is archived or being deleted, NotFound when it is gone. */
export async function refuseClosed(
  tx: Pick<Transaction, 'project'>,
  projectId: string,
  field: string,
): Promise<void> {
  refuse(await tx.project.findUnique({ where: { id: projectId }, select: openness }), field);
}

/**
 * The same outside of a transaction. It only refuses early, because the project may be closed right after the check.
 */
export async function refuseClosedNow({ db }: Uses<'db'>, projectId: string, field: string): Promise<void> {
  refuse(await readOpenness(db, projectId), field);
}

const openness = { id: true, archivedAt: true, deletingAt: true } as const;

const readOpenness = sharedRead('openness', async (db, ids: readonly string[]) => {
  const projects = await db.project.findMany({ where: { id: { in: [...ids] } }, select: openness });
  const byId = new Map(projects.map((project) => [project.id, project]));
  return ids.map((id) => byId.get(id) ?? null);
});

function refuse(project: Openness | null, field: string): void {
  if (!project) throw new NotFound('Project');
  if (project.deletingAt) throw closedProject('PROJECT_DELETING', field);
  if (project.archivedAt) throw closedProject('PROJECT_ARCHIVED', field);
}

/** The refusal of a change to a project that is archived or being deleted. */
export function closedProject(code: 'PROJECT_DELETING' | 'PROJECT_ARCHIVED', field: string): Conflict {
  const isGoing = code === 'PROJECT_DELETING';
  const message = isGoing ? 'This project is being deleted.' : 'This project is archived: it is read-only.';
  return new Conflict(code, message, ['input', field]);
}

/** Checks that the viewer may do it, and that the project may still change. Throws like authorize and refuseClosed. */
export async function authorizeChange(
  ctx: Asker,
  projectId: string,
  action: Action,
  { what = 'Project', field }: { what?: string; field: string },
): Promise<void> {
  await authorize(ctx, projectId, action, what);
  await refuseClosedNow(ctx, projectId, field);
}
