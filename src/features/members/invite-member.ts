import { z } from 'zod';
import { dayMs } from '../../days.ts';
import { Conflict, InputProblem } from '../../errors.ts';
import { drawSecret } from '../../platform/auth/secret.ts';
import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { checkText } from '../../platform/graphql/text.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorize } from '../access/authorize.ts';
import { lockStandingProject } from '../access/lock-project.ts';
import { recordAudit } from '../access/record-audit.ts';
import type { InvitationRow } from './invitation.queries.ts';
import type { InviteMemberInput } from './invitation.type.ts';

/** Each token begins with this, so that scanners find a token that was committed by mistake. */
const invitationPrefix = 'dramatis_invitation_';

/**
 * Makes an invitation. Its token is returned only here, because only its hash is stored. Throws NotFound, Forbidden,
 * InputProblem, and Conflict for an address that is a member's or has an open invitation.
 */
export async function inviteMember(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'clock'>,
  input: InviteMemberInput,
): Promise<{ invitation: InvitationRow; token: string }> {
  const projectId = fromGlobalId('Project', input.projectId);
  await authorize(ctx, projectId, 'MANAGE_MEMBERS');
  const email = checkEmail(input.email);
  const now = ctx.clock.now();
  const expiresAt = input.expiresAt ?? new Date(now.getTime() + 7 * dayMs);
  if (expiresAt <= now || expiresAt.getTime() > now.getTime() + 90 * dayMs) {
    throw new InputProblem(['input', 'expiresAt'], 'expiresAt must be within the next 90 days.');
  }
  const { text, hash } = drawSecret(invitationPrefix);
  return ctx.db.$transaction(async (tx) => {
    await lockStandingProject(tx, projectId, 'projectId');
    await refuseKnownAddress(tx, projectId, email);
    const invitation = await tx.invitation.create({
      data: { projectId, email, role: input.role, tokenHash: hash, expiresAt },
    });
    await recordAudit(tx, ctx.viewer, {
      projectId,
      action: 'MEMBER_INVITED',
      target: { type: 'Invitation', id: invitation.id },
      details: { role: input.role },
    });
    return { invitation, token: text };
  });
}

function checkEmail(text: string): string {
  const email = checkText(['input', 'email'], text, { minimum: 3, maximum: 320 }).toLowerCase();
  if (z.email().safeParse(email).success) return email;
  throw new InputProblem(['input', 'email'], 'email must be an e-mail address.');
}

async function refuseKnownAddress(tx: Transaction, projectId: string, email: string): Promise<void> {
  if ((await tx.member.count({ where: { projectId, user: { email } } })) > 0) {
    throw new Conflict('ALREADY_MEMBER', 'A member of the project has this e-mail address.', [
      'input',
      'email',
    ]);
  }
  // An expired invitation is closed, so that the address can be invited again. It stays in the list.
  await tx.$executeRaw`
    UPDATE invitations SET withdrawn_at = now()
    WHERE project_id = ${projectId}::uuid AND email = ${email} AND accepted_at IS NULL AND withdrawn_at IS NULL
      AND expires_at <= now()`;
  const open = { projectId, email, acceptedAt: null, withdrawnAt: null };
  if ((await tx.invitation.count({ where: open })) > 0) {
    const message = 'This e-mail address has a pending invitation; withdraw it to create a new one.';
    throw new Conflict('ALREADY_INVITED', message, ['input', 'email']);
  }
}
