import { NotFound } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorize } from '../access/authorize.ts';
import { lockProject } from '../access/lock-project.ts';
import { recordAudit } from '../access/record-audit.ts';
import { findMember, type MemberRow, refuseLastOwner } from './member.queries.ts';
import type { RemoveMemberInput } from './member.type.ts';

/**
 * Removes a member from a project, or lets them leave. Their API keys for the project are revoked, so that the keys do
 * not work again when the user joins again. Throws NotFound, Forbidden, and Conflict for the last owner.
 */
export async function removeMember(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'clock'>,
  input: RemoveMemberInput,
): Promise<MemberRow> {
  const { viewer } = ctx;
  const { id, projectId, userId } = await findMember(ctx, fromGlobalId('Member', input.id));
  const isSelf = viewer.kind === 'USER' && viewer.userId === userId;
  await authorize(ctx, projectId, isSelf ? 'LEAVE_PROJECT' : 'MANAGE_MEMBERS', 'Member');
  return ctx.db.$transaction(async (tx) => {
    await lockProject(tx, projectId);
    const member = await tx.member.findUnique({ where: { id } });
    if (!member) throw new NotFound('Member');
    await refuseLastOwner(tx, member);
    await tx.member.delete({ where: { id } });
    const { count } = await tx.apiKey.updateMany({
      where: { projectId, userId, revokedAt: null },
      data: { revokedAt: ctx.clock.now() },
    });
    await recordAudit(tx, viewer, {
      projectId,
      action: 'MEMBER_REMOVED',
      target: { type: 'Member', id },
      details: { role: member.role, userId, revokedApiKeys: count },
    });
    return member;
  });
}
