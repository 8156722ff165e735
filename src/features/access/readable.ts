import type { IdType } from '../../platform/reads/global-id.ts';
import type { Owner, Readable, Visibility } from '../../platform/reads/readable.ts';
import type { View } from '../../platform/reads/view.ts';
import { type Asker, authorize, isAllowed } from './authorize.ts';
import type { Action } from './policy.ts';

/**
 * Rows that documents may begin with and be led to: a project's are for viewers who may do `action`, and lead to no other
 * project's. `find` reads one by its id for resolvers, under the same rule.
 */
export function readable<Row extends { readonly id: string }>(
  view: View<Row>,
  type: IdType,
  find: (ctx: Asker, id: string) => Promise<Row>,
  action: Action = 'READ_PROJECT',
): Readable<Row> {
  return {
    view,
    type,
    // A project is its own.
    owner: view.columns.has('projectId') ? 'projectId' : 'id',
    within: 'projectId',
    rule: action,
    async enter(ctx: Asker, projectId: string) {
      await authorize(ctx, projectId, action, type);
      // Members and keys do not outlive their project; the admin's role is not read from anywhere.
      return ctx.viewer.kind !== 'ADMIN';
    },
    find,
  };
}

/** What a project has for viewers who may do `action` in it. */
export function ofProject(action: Action): Owner {
  return {
    owner: 'id',
    rule: action,
    async enter(ctx: Asker, projectId: string) {
      await authorize(ctx, projectId, action);
      return true;
    },
  };
}

/** Those who may do `action` in a project, for what is left out otherwise. */
export function whoMay(action: Action): Visibility {
  return { allows: (ctx: Asker, projectId: string) => isAllowed(ctx, projectId, action) };
}
