import { type Member as MemberRow, Role } from '../../platform/db/generated/client.ts';
import { choice, moment, text } from '../../platform/db/reads/column.ts';
import { newest } from '../../platform/db/reads/list.ts';
import { view } from '../../platform/db/reads/view.ts';

/** `members`, column by column. */
export const memberView = view<MemberRow>('members', {
  id: text,
  projectId: text,
  userId: text,
  role: choice(Role),
  createdAt: moment,
});

export const membersOfProject = newest(memberView, 'projectId', 'createdAt');
