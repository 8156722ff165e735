import { NotFound } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import type { User as UserRow } from '../../platform/db/generated/client.ts';
import { tables } from '../../platform/reads/generated/tables.ts';
import type { Readable } from '../../platform/reads/readable.ts';
import { view } from '../../platform/reads/view.ts';
import { type Asker, isAllowed } from './authorize.ts';

export type { UserRow };

/** Users, for viewers who may see a row that names them. */
export const users: Readable<UserRow> = {
  view: view(tables.User),
  type: 'User',
  owner: 'id',
  within: 'id',
  rule: null,
  enter: async () => true,
  async find(ctx: Uses<'db' | 'loaders'>, id: string) {
    const user = await userById(ctx, id);
    if (!user) throw new NotFound('User');
    return user;
  },
};

/** The user with this row id, null for none. The caller has checked that the viewer may see them. */
export async function userById(ctx: Uses<'db' | 'loaders'>, id: string): Promise<UserRow | null> {
  return ctx.loaders
    .of('users', async (ids) => {
      const rows = await ctx.db.user.findMany({ where: { id: { in: ids } } });
      return rows.map((row) => [row.id, row] as const);
    })
    .load(id);
}

/** The user who did something in a project; null for viewers who may not see its members. */
export async function userIfVisible(ctx: Asker, projectId: string, id: string): Promise<UserRow | null> {
  return (await isAllowed(ctx, projectId, 'READ_MEMBERS')) ? userById(ctx, id) : null;
}
