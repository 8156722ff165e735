import type { Uses } from '../../platform/context.ts';
import type { User as UserRow } from '../../platform/db/generated/client.ts';

export type { UserRow };

/** The user with this row id; whoever may see what the user is in may see them. Null for none. */
export async function userById(ctx: Uses<'db' | 'loaders'>, id: string): Promise<UserRow | null> {
  return ctx.loaders
    .of('users', async (ids) => {
      const rows = await ctx.db.user.findMany({ where: { id: { in: ids } } });
      return rows.map((row) => [row.id, row] as const);
    })
    .load(id);
}
