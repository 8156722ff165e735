import { NotFound } from '../../errors.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { type Asker, authorize } from '../access/authorize.ts';
import { lockProject } from '../access/lock-project.ts';
import { recordAudit } from '../access/record-audit.ts';
import { findMember, type MemberRow, refuseLastOwner } from './member.queries.ts';
import type { ChangeMemberRoleInput } from './member.type.ts';

/**
 * Gives a member another role, which from then on also limits their API keys. Throws NotFound, Forbidden, and Conflict
 * for the last owner.
 */
export async function changeMemberRole(ctx: Asker, input: ChangeMemberRoleInput): Promise<MemberRow> {
  const { id, projectId } = await findMember(ctx, fromGlobalId('Member', input.id));
  await authorize(ctx, projectId, 'MANAGE_MEMBERS', 'Member');
  return ctx.db.$transaction(async (tx) => {
    await lockProject(tx, projectId);
    const member = await tx.member.findUnique({ where: { id } });
    if (!member) throw new NotFound('Member');
    if (member.role === input.role) return member;
    await refuseLastOwner(tx, member);
    const changed = await tx.member.update({ where: { id }, data: { role: input.role } });
    await recordAudit(tx, ctx.viewer, {
      projectId,
      action: 'MEMBER_ROLE_CHANGED',
      target: { type: 'Member', id },
      details: { from: member.role, to: input.role, userId: member.userId },
    });
    return changed;
  });
}
