import { Forbidden } from '../../errors.ts';
import type { Viewer } from './viewer.ts';

/** Everything a viewer can do in a project, as the words of the policy. */
export type Action = 'READ_PROJECT' | 'CREATE_PROJECT' | 'EDIT_CHARACTERS' | 'GENERATE';

/** Who may do what: the administrator everything. Roles join this table. */
const allowed: Readonly<Record<Viewer['kind'], readonly Action[]>> = {
  ADMIN: ['READ_PROJECT', 'CREATE_PROJECT', 'EDIT_CHARACTERS', 'GENERATE'],
};

/** May I? Throws Forbidden where the policy says no. */
export function authorize(viewer: Viewer, action: Action): void {
  if (!allowed[viewer.kind].includes(action)) throw new Forbidden(`This needs the right ${action}.`);
}
