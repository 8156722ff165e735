import { NotFound } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import type { Invitation as InvitationRow } from '../../platform/db/generated/client.ts';
import { type Asker, authorize } from '../access/authorize.ts';
import { readable } from '../access/readable.ts';
import { InvitationStatus } from './invitation.type.ts';
import { invitationView } from './invitation.view.ts';

export type { InvitationRow };

/** As documents reach them. */
export const invitations = readable(invitationView, 'Invitation', findInvitation, 'MANAGE_MEMBERS');

/** The invitation with this row id. Throws NotFound, also for non-members, and Forbidden unless an owner asks. */
export async function findInvitation(ctx: Asker, id: string): Promise<InvitationRow> {
  const invitation = await ctx.db.invitation.findUnique({ where: { id } });
  if (!invitation) throw new NotFound('Invitation');
  await authorize(ctx, invitation.projectId, 'MANAGE_MEMBERS', 'Invitation');
  return invitation;
}

/** The status of an invitation now. */
export function statusOf(
  invitation: Pick<InvitationRow, 'acceptedAt' | 'withdrawnAt' | 'expiresAt'>,
  _: object,
  ctx: Uses<'clock'>,
): InvitationStatus {
  if (invitation.acceptedAt) return InvitationStatus.ACCEPTED;
  // An expired invitation is also marked as withdrawn when its address is invited again. It still counts as expired.
  if (invitation.withdrawnAt && invitation.withdrawnAt < invitation.expiresAt)
    return InvitationStatus.WITHDRAWN;
  return invitation.expiresAt > ctx.clock.now() ? InvitationStatus.PENDING : InvitationStatus.EXPIRED;
}
