import { NotFound } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { globalIdOf, toGlobalId } from '../../platform/reads/global-id.ts';
import { detailsOf, targetOf } from '../audit/audit-entry.queries.ts';
import { type Line, lineOf } from './line.ts';
import { readMade } from './read-made.ts';

type Tools = Uses<'db' | 'clock' | 'imageSecret' | 'publicUrl'>;

/** The number of acts of one read: many enough for few reads, and few enough for memory. */
const portion = 500;

/**
 * All that is stored about a user, some lines at a time. The next lines are read only when the caller asks for them.
 * Throws NotFound.
 */
export async function* readPerson(ctx: Tools, userId: string): AsyncGenerator<Line[], void> {
  yield await readProfile(ctx, userId);
  yield await readStanding(ctx, userId);
  // Also in projects that the user has left, and in deleted projects.
  for (const projectId of await listLogs(ctx)) yield* readActs(ctx, projectId, userId);
}

async function readProfile({ db }: Tools, userId: string): Promise<Line[]> {
  const user = await db.user.findUnique({ where: { id: userId } });
  if (!user) throw new NotFound('User');
  const { id, ...profile } = user;
  const received = user.email === null ? [] : await db.invitation.findMany({ where: { email: user.email } });
  return [
    lineOf('user', { id: toGlobalId('User', id), ...profile }),
    ...received.map(({ tokenHash: _, id, projectId, ...invitation }) =>
      lineOf('invitationReceived', {
        id: toGlobalId('Invitation', id),
        projectId: toGlobalId('Project', projectId),
        ...invitation,
      }),
    ),
  ];
}

/** The user's memberships, PERSONAL keys and budgets. */
async function readStanding({ db }: Tools, userId: string): Promise<Line[]> {
  const members = await db.member.findMany({ where: { userId }, orderBy: { id: 'asc' } });
  const keys = await db.apiKey.findMany({ where: { userId }, orderBy: { id: 'asc' } });
  const budgets = await db.budget.findMany({ where: { userId }, orderBy: { id: 'asc' } });
  return [
    ...members.map(({ id, projectId, role, createdAt }) =>
      lineOf('membership', {
        id: toGlobalId('Member', id),
        projectId: toGlobalId('Project', projectId),
        role,
        createdAt,
      }),
    ),
    ...keys.map(({ secretHash: _, userId: __, id, projectId, ...key }) =>
      lineOf('personalApiKey', {
        id: toGlobalId('ApiKey', id),
        projectId: toGlobalId('Project', projectId),
        ...key,
      }),
    ),
    ...budgets.map(({ id, projectId, period, capMicros, thresholds, createdAt, removedAt }) =>
      lineOf('budget', {
        id: toGlobalId('Budget', id),
        projectId: toGlobalId('Project', projectId),
        period,
        capMicros,
        thresholds,
        createdAt,
        removedAt,
      }),
    ),
  ];
}

/** The ids of the projects that have an audit log. The recursion jumps in the index from each project to the next. */
async function listLogs({ db }: Tools): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    WITH RECURSIVE logs AS (
      (SELECT project_id FROM audit_entries ORDER BY project_id LIMIT 1)
      UNION ALL
      SELECT next.project_id FROM logs l CROSS JOIN LATERAL (
        SELECT project_id FROM audit_entries a WHERE a.project_id > l.project_id ORDER BY project_id LIMIT 1) next
    ) SELECT project_id::text AS id FROM logs`;
  return rows.map(({ id }) => id);
}

/** The user's acts in a project, and what these acts made. */
async function* readActs(ctx: Tools, projectId: string, userId: string): AsyncGenerator<Line[], void> {
  for (let after = 0n; ; ) {
    const entries = await ctx.db.auditEntry.findMany({
      where: { projectId, userId, sequence: { gt: after } },
      orderBy: { sequence: 'asc' },
      take: portion,
    });
    const acts = entries.map((entry) =>
      lineOf('act', {
        projectId: toGlobalId('Project', projectId),
        sequence: entry.sequence,
        at: entry.at,
        apiKeyId: globalIdOf('ApiKey', entry.apiKeyId),
        action: entry.action,
        targetId: targetOf(entry),
        details: detailsOf(entry),
      }),
    );
    yield [...acts, ...(await readMade(ctx, entries))];
    const last = entries.at(-1);
    if (!last || entries.length < portion) return;
    after = last.sequence;
  }
}
