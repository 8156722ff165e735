import { type Member as MemberRow, Role } from '../../platform/db/generated/client.ts';
import { choice, moment, text } from '../../platform/reads/column.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

/** `members`, column by column. */
export const memberView = view<MemberRow>('members', {
  id: text,
  projectId: text,
  userId: text,
  role: choice(Role),
  createdAt: moment,
});

export const membersOfProject = newest(memberView, 'projectId', 'createdAt');
