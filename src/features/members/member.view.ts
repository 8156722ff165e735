import { tables } from '../../platform/reads/generated/tables.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

export const memberView = view(tables.Member);

export const membersOfProject = newest(memberView, 'projectId', 'createdAt');
