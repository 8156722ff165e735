import { type Invitation as InvitationRow, Role } from '../../platform/db/generated/client.ts';
import { choice, moment, optional, text } from '../../platform/reads/column.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

/** `invitations`, column by column. */
export const invitationView = view<InvitationRow>('invitations', {
  id: text,
  projectId: text,
  email: optional(text),
  role: choice(Role),
  tokenHash: text,
  createdAt: moment,
  expiresAt: moment,
  acceptedAt: optional(moment),
  withdrawnAt: optional(moment),
});

export const invitationsOfProject = newest(invitationView, 'projectId', 'createdAt');
