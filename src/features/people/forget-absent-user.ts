import type { Transaction } from '../../platform/db/connect.ts';
import { forgetUserIn } from './forget-user.ts';

/**
 * Forgets one user who is in no project and has sent no request for `days`. Resolves to 1, or to 0 when there is none.
 */
export async function forgetAbsentUser(tx: Transaction, days: number): Promise<number> {
  const [absent] = await tx.$queryRaw<{ id: string; since: Date }[]>`
    SELECT id::text AS id, now() - ${days} * interval '1 day' AS since
    FROM users u WHERE forgotten_at IS NULL AND seen_at < now() - ${days} * interval '1 day'
      AND NOT EXISTS (SELECT 1 FROM members m WHERE m.user_id = u.id)
    LIMIT 1`;
  if (!absent) return 0;
  // The acting viewer is the admin, who has set the number of days.
  await forgetUserIn(tx, { kind: 'ADMIN' }, { userId: absent.id, absentSince: absent.since });
  return 1;
}
