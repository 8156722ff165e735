import type { Root } from '../../platform/reads/plan/field-read.ts';
import type { View } from '../../platform/reads/view.ts';
import { type Asker, authorize } from './authorize.ts';

/** A document may begin with a row of this table, called `what`, for whoever may read its project. */
export function rootOf(view: View, what: string): Root {
  return {
    view,
    owner: view.columns.has('projectId') ? 'projectId' : 'id',
    within: 'projectId',
    async enter(ctx: Asker, projectId: string) {
      await authorize(ctx, projectId, 'READ_PROJECT', what);
      // Members and keys do not outlive their project; the admin's role is not read from anywhere.
      return ctx.viewer.kind !== 'ADMIN';
    },
  };
}
