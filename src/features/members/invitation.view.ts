import { tables } from '../../platform/reads/generated/tables.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

export const invitationView = view(tables.Invitation);

export const invitationsOfProject = newest(invitationView, 'projectId', 'createdAt');
