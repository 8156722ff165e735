import { Conflict, NotFound } from '../../errors.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import type { Member as MemberRow } from '../../platform/db/generated/client.ts';
import { type Asker, authorize, isAllowed } from '../access/authorize.ts';
import { readable } from '../access/readable.ts';
import { memberView } from './member.view.ts';

export type { MemberRow };

/** As documents reach them. */
export const members = readable(memberView, 'Member', findMember, 'READ_MEMBERS');

/** The member with this row id. Throws NotFound, also for non-members, and Forbidden for API keys. */
export async function findMember(ctx: Asker, id: string): Promise<MemberRow> {
  const member = await ctx.db.member.findUnique({ where: { id } });
  if (!member) throw new NotFound('Member');
  await authorize(ctx, member.projectId, 'READ_MEMBERS', 'Member');
  return member;
}

/** A user's membership of a project; null when they left, and for viewers who may not read members. */
export async function memberOfUser(ctx: Asker, projectId: string, userId: string): Promise<MemberRow | null> {
  if (!(await isAllowed(ctx, projectId, 'READ_MEMBERS'))) return null;
  return ctx.loaders
    .of(`members of ${projectId} by user`, async (userIds) => {
      const rows = await ctx.db.member.findMany({ where: { projectId, userId: { in: userIds } } });
      return rows.map((row) => [row.userId, row] as const);
    })
    .load(userId);
}

/** Throws Conflict when the member is the only owner left. The caller holds the project's lock. */
export async function refuseLastOwner(tx: Transaction, { id, projectId, role }: MemberRow): Promise<void> {
  if (role !== 'OWNER') return;
  const others = await tx.member.count({ where: { projectId, role: 'OWNER', id: { not: id } } });
  if (others > 0) return;
  throw new Conflict(
    'LAST_OWNER',
    'A project must have at least one owner: make another member an owner first.',
    ['input', 'id'],
  );
}
