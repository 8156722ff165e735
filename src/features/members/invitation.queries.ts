import { NotFound } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import type { Invitation as InvitationRow } from '../../platform/db/generated/client.ts';
import { readConnection } from '../../platform/reads/lists.ts';
import type { Page, Paging } from '../../platform/reads/page.ts';
import { type Asker, authorize, type Lister } from '../access/authorize.ts';
import { InvitationStatus } from './invitation.type.ts';
import { invitationsOfProject } from './invitation.view.ts';

export type { InvitationRow };

/** The invitation with this row id. Throws NotFound, also for non-members, and Forbidden unless an owner asks. */
export async function findInvitation(ctx: Asker, id: string): Promise<InvitationRow> {
  const invitation = await ctx.db.invitation.findUnique({ where: { id } });
  if (!invitation) throw new NotFound('Invitation');
  await authorize(ctx, invitation.projectId, 'MANAGE_MEMBERS', 'Invitation');
  return invitation;
}

/** A project's invitations, newest first, also those that are no longer open. */
export async function listInvitations(
  ctx: Lister,
  projectId: string,
  args: Paging,
): Promise<Page<InvitationRow>> {
  await authorize(ctx, projectId, 'MANAGE_MEMBERS');
  return readConnection(ctx, invitationsOfProject, projectId, args);
}

/** The status of an invitation now. */
export function statusOf(ctx: Uses<'clock'>, invitation: InvitationRow): InvitationStatus {
  if (invitation.acceptedAt) return InvitationStatus.ACCEPTED;
  // An expired invitation is also marked as withdrawn when its address is invited again. It still counts as expired.
  if (invitation.withdrawnAt && invitation.withdrawnAt < invitation.expiresAt)
    return InvitationStatus.WITHDRAWN;
  return invitation.expiresAt > ctx.clock.now() ? InvitationStatus.PENDING : InvitationStatus.EXPIRED;
}
