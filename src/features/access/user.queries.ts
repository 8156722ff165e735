import type { Uses } from '../../platform/context.ts';
import type { User as UserRow } from '../../platform/db/generated/client.ts';
import { type Asker, isAllowed } from './authorize.ts';

export type { UserRow };

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
