import type { IdType } from '../../platform/reads/global-id.ts';
import type { Readable } from '../../platform/reads/reading.ts';
import type { View } from '../../platform/reads/view.ts';
import { type Asker, authorize } from './authorize.ts';

/**
 * Rows that documents may begin with and be led to: a project's are for viewers who may read it, and lead to no other
 * project's. `find` reads one by its id for resolvers, under the same rule.
 */
export function readable<Row extends { readonly id: string }>(
  view: View<Row>,
  type: IdType,
  find: (ctx: Asker, id: string) => Promise<Row>,
): Readable<Row> {
  return {
    view,
    type,
    // A project is its own.
    owner: view.columns.has('projectId') ? 'projectId' : 'id',
    within: 'projectId',
    async enter(ctx: Asker, projectId: string) {
      await authorize(ctx, projectId, 'READ_PROJECT', type);
      // Members and keys do not outlive their project; the admin's role is not read from anywhere.
      return ctx.viewer.kind !== 'ADMIN';
    },
    find,
  };
}
