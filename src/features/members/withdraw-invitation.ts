import { Conflict } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { lockProject } from '../access/lock-project.ts';
import { recordAudit } from '../access/record-audit.ts';
import { findInvitation, type InvitationRow } from './invitation.queries.ts';
import type { WithdrawInvitationInput } from './invitation.type.ts';

/** Withdraws an invitation. Twice is no error. Throws NotFound, Forbidden, and Conflict when it was accepted. */
export async function withdrawInvitation(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'clock'>,
  input: WithdrawInvitationInput,
): Promise<InvitationRow> {
  const { id, projectId } = await findInvitation(ctx, fromGlobalId('Invitation', input.id));
  return ctx.db.$transaction(async (tx) => {
    await lockProject(tx, projectId);
    const { count } = await tx.invitation.updateMany({
      where: { id, acceptedAt: null, withdrawnAt: null },
      data: { withdrawnAt: ctx.clock.now() },
    });
    const invitation = await tx.invitation.findUniqueOrThrow({ where: { id } });
    if (invitation.acceptedAt) {
      const message = 'This invitation was accepted; remove the member instead.';
      throw new Conflict('INVITATION_USED', message, ['input', 'id']);
    }
    if (count > 0) {
      await recordAudit(tx, ctx.viewer, {
        projectId,
        action: 'INVITATION_WITHDRAWN',
        target: { type: 'Invitation', id },
      });
    }
    return invitation;
  });
}
