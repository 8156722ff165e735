import { Conflict, NotFound, Unavailable } from '../../errors.ts';
import type { Viewer } from '../../platform/auth/viewer.ts';
import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorizeAdmin } from '../access/authorize.ts';
import { recordAudit, recordInstallationAct } from '../access/record-audit.ts';
import type { UserRow } from '../access/user.queries.ts';
import type { ForgetUserInput } from './person.type.ts';

/*
 * The id has to stay, because audit and ledger name it and never change. All other columns are cleared, and a CHECK
 * refuses to write into such a row again. No hash of the subject is kept: it could be guessed from a list of subjects,
 * and would link the person to their acts. A writer of something that belongs to a user (a project, a membership, a
 * key) holds the user's row first, so that it comes before the forgetting and is cleared, or after it and is refused.
 */

/** Replaces the name that a person gave to their key. */
const keyName = 'Key of a user who was forgotten';

/**
 * Clears a user's address, name and subject. The user leaves every project, and their PERSONAL keys are revoked. Their
 * acts stay, under their id. A second call is no error. Throws Forbidden unless the viewer is the admin, NotFound, and
 * Conflict while a project would be left without an owner.
 */
export async function forgetUser(ctx: Uses<'db' | 'viewer'>, input: ForgetUserInput): Promise<UserRow> {
  authorizeAdmin(ctx);
  const id = fromGlobalId('User', input.id);
  return ctx.db.$transaction((tx) => forgetUserIn(tx, ctx.viewer, { userId: id }));
}

/**
 * The same in the transaction of the caller. With `absentSince` only when the user is in no project now and has sent no
 * request since that moment.
 */
export async function forgetUserIn(
  tx: Transaction,
  viewer: Viewer,
  { userId, absentSince }: { userId: string; absentSince?: Date },
): Promise<UserRow> {
  const locked = await lockProjectsOf(tx, userId);
  // A transaction that writes a row for the user calls `holdUser`. It waits for this lock, and is refused afterwards.
  await tx.$queryRaw`SELECT id::text FROM users WHERE id = ${userId}::uuid FOR UPDATE`;
  const user = await tx.user.findUnique({ where: { id: userId } });
  if (!user) throw new NotFound('User');
  if (user.forgottenAt) return user;
  if (absentSince && (user.seenAt >= absentSince || (await tx.member.count({ where: { userId } })) > 0))
    return user;
  await leaveProjects(tx, viewer, userId, locked);
  await tx.apiKey.updateMany({ where: { userId }, data: { name: keyName } });
  await forgetInvitations(tx, viewer, user, locked);
  await tx.$executeRaw`
    UPDATE users SET issuer = NULL, subject = NULL, email = NULL, name = NULL, forgotten_at = now()
    WHERE id = ${userId}::uuid`;
  await recordInstallationAct(tx, viewer, {
    action: 'USER_FORGOTTEN',
    target: { type: 'User', id: userId },
  });
  return tx.user.findUniqueOrThrow({ where: { id: userId } });
}

/** Locks the projects that the user is in, or invited to, in the order of their ids. Resolves to the ids. */
async function lockProjectsOf(tx: Transaction, userId: string): Promise<ReadonlySet<string>> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT id::text AS id FROM projects WHERE id IN (
      SELECT project_id FROM members WHERE user_id = ${userId}::uuid
      UNION SELECT i.project_id FROM invitations i JOIN users u ON u.email = i.email
      WHERE u.id = ${userId}::uuid AND i.accepted_at IS NULL AND i.withdrawn_at IS NULL
    ) ORDER BY id FOR NO KEY UPDATE`;
  return new Set(rows.map(({ id }) => id));
}

function refuseUnlocked(locked: ReadonlySet<string>, projectIds: readonly string[]): void {
  if (projectIds.every((id) => locked.has(id))) return;
  throw new Unavailable('The user has just joined, or was invited to, another project. Try again.');
}

async function leaveProjects(
  tx: Transaction,
  viewer: Viewer,
  userId: string,
  locked: ReadonlySet<string>,
): Promise<void> {
  const members = await tx.member.findMany({ where: { userId } });
  refuseUnlocked(
    locked,
    members.map(({ projectId }) => projectId),
  );
  await refuseSoleOwner(tx, userId);
  for (const { id, projectId, role } of members) {
    await tx.member.delete({ where: { id } });
    const revokedApiKeys = await tx.$executeRaw`
      UPDATE api_keys SET revoked_at = now()
      WHERE project_id = ${projectId}::uuid AND user_id = ${userId}::uuid AND revoked_at IS NULL`;
    await recordAudit(tx, viewer, {
      projectId,
      action: 'MEMBER_REMOVED',
      target: { type: 'Member', id },
      details: { role, userId, revokedApiKeys },
    });
  }
}

/** Throws Conflict when the user is the only owner of a project. A project that is being deleted needs no owner. */
async function refuseSoleOwner(tx: Transaction, userId: string): Promise<void> {
  const owned = await tx.$queryRaw<{ name: string }[]>`
    SELECT p.name FROM members m JOIN projects p ON p.id = m.project_id
    WHERE m.user_id = ${userId}::uuid AND m.role = 'OWNER' AND p.deleting_at IS NULL AND NOT EXISTS (
      SELECT 1 FROM members o WHERE o.project_id = m.project_id AND o.role = 'OWNER' AND o.id <> m.id)
    ORDER BY p.id`;
  if (owned.length === 0) return;
  const [named, more] = [owned.slice(0, 5).map(({ name }) => `"${name}"`), owned.length - 5];
  throw new Conflict(
    'LAST_OWNER',
    `A project must have at least one owner: make another member an owner first, or delete the project. The user is the only owner of ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`,
    ['input', 'id'],
  );
}

/** Withdraws the open invitations of the user, and clears the address in the others. */
async function forgetInvitations(
  tx: Transaction,
  viewer: Viewer,
  { id: userId, email }: UserRow,
  locked: ReadonlySet<string>,
): Promise<void> {
  if (email !== null) {
    const open = await tx.invitation.findMany({ where: { email, acceptedAt: null, withdrawnAt: null } });
    refuseUnlocked(
      locked,
      open.map(({ projectId }) => projectId),
    );
    for (const { id, projectId } of open) {
      await tx.$executeRaw`UPDATE invitations SET withdrawn_at = now() WHERE id = ${id}::uuid`;
      const target = { type: 'Invitation', id } as const;
      await recordAudit(tx, viewer, { projectId, action: 'INVITATION_WITHDRAWN', target });
    }
    await tx.invitation.updateMany({ where: { email }, data: { email: null } });
  }
  // The user may have accepted an invitation under an earlier address.
  await tx.$executeRaw`
    UPDATE invitations i SET email = NULL WHERE email IS NOT NULL AND accepted_at IS NOT NULL AND EXISTS (
      SELECT 1 FROM audit_entries a WHERE a.project_id = i.project_id AND a.target_id = i.id
        AND a.action = 'INVITATION_ACCEPTED' AND a.user_id = ${userId}::uuid)`;
}
