import type { Uses } from '../../platform/context.ts';
import { type Asker, authorizeAdmin } from '../access/authorize.ts';
import type { UserRow } from '../access/user.queries.ts';

/** More than one user is rare: two identity providers may have the same address. */
const most = 100;

/** The users with an address. Throws Forbidden unless the viewer is the admin. */
export async function listUsersByEmail(ctx: Asker & Uses<'db'>, email: string): Promise<UserRow[]> {
  authorizeAdmin(ctx);
  return ctx.db.user.findMany({
    where: { email: email.trim().toLowerCase() },
    orderBy: { id: 'asc' },
    take: most,
  });
}
