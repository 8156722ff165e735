import { tables } from '../../platform/reads/generated/tables.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

export const characterView = view(tables.Character);

/** All characters of a project, also the archived ones. */
export const charactersOfProject = newest(characterView, 'projectId', 'createdAt');
