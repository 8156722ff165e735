import { Conflict, Forbidden, InputProblem } from '../../errors.ts';
import { isAtLeast } from '../../platform/auth/role.ts';
import { hashSecret } from '../../platform/auth/secret.ts';
import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { holdUser } from '../access/hold-user.ts';
import { lockStandingProject } from '../access/lock-project.ts';
import { recordAudit } from '../access/record-audit.ts';
import type { InvitationRow } from './invitation.queries.ts';
import type { AcceptInvitationInput } from './invitation.type.ts';
import type { MemberRow } from './member.queries.ts';

/**
 * Makes the viewer a member, once for each token. Sending the token again is no error while they still are a member. A
 * member who accepts a greater role gets it. Throws Forbidden for admins and API keys, InputProblem for an unknown
 * token, and Conflict for an invitation that is for another address, used, withdrawn or expired.
 */
export async function acceptInvitation(
  ctx: Uses<'db' | 'viewer'>,
  input: AcceptInvitationInput,
): Promise<MemberRow> {
  const { viewer } = ctx;
  if (viewer.kind !== 'USER') throw new Forbidden('Only a user can become a member.');
  const { userId, email, hasDoubtfulEmail } = viewer;
  const tokenHash = hashSecret(input.token);
  const invitation = await ctx.db.invitation.findUnique({ where: { tokenHash } });
  if (!invitation) {
    throw new InputProblem(['input', 'token'], 'No invitation has this token.', 'INVITATION_INVALID');
  }
  // Without an address from the identity provider, the token alone is enough. An invitation that is no longer open has
  // no address any more.
  const isSettled = invitation.email === null;
  if (!isSettled && (email === null ? hasDoubtfulEmail : email !== invitation.email)) {
    throw refusal('INVITATION_FOR_ANOTHER', 'This invitation is for another e-mail address.');
  }
  return ctx.db.$transaction(async (tx) => {
    const { id, projectId, role } = invitation;
    await lockStandingProject(tx, projectId, 'token');
    await holdUser(tx, viewer);
    const member = await tx.member.findUnique({ where: { projectId_userId: { projectId, userId } } });
    if (!(await useUp(tx, invitation))) {
      const now = await tx.invitation.findUniqueOrThrow({ where: { id } });
      if (now.acceptedAt && member) return member;
      if (now.acceptedAt) throw refusal('INVITATION_USED', 'This invitation has been used.');
      throw refusal('INVITATION_EXPIRED', 'This invitation has expired, or was withdrawn.');
    }
    await recordAudit(tx, viewer, {
      projectId,
      action: 'INVITATION_ACCEPTED',
      target: { type: 'Invitation', id },
      details: { role },
    });
    if (!member) return tx.member.create({ data: { projectId, userId, role } });
    if (isAtLeast(member.role, role)) return member;
    return tx.member.update({ where: { id: member.id }, data: { role } });
  });
}

function refusal(code: string, message: string): Conflict {
  return new Conflict(code, message, ['input', 'token']);
}

/** Marks the invitation as accepted. False when it was no longer open. */
async function useUp(tx: Transaction, { id }: InvitationRow): Promise<boolean> {
  const used = await tx.$executeRaw`
    UPDATE invitations SET accepted_at = now()
    WHERE id = ${id}::uuid AND accepted_at IS NULL AND withdrawn_at IS NULL AND expires_at > now()`;
  return used > 0;
}
