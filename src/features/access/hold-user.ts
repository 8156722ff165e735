import { Unauthenticated } from '../../errors.ts';
import type { Viewer } from '../../platform/auth/viewer.ts';
import type { Transaction } from '../../platform/db/connect.ts';

/**
 * Keeps the viewer, if it is a user, from being forgotten until the transaction ends. Otherwise the rows that it writes
 * for them would remain after they were forgotten. A project's row is locked before this one. Throws Unauthenticated
 * when the user was forgotten.
 */
export async function holdUser(tx: Transaction, viewer: Viewer): Promise<void> {
  if (viewer.kind !== 'USER') return;
  const held = await tx.$queryRaw<{ id: string }[]>`
    SELECT id::text AS id FROM users WHERE id = ${viewer.userId}::uuid AND forgotten_at IS NULL FOR KEY SHARE`;
  if (held.length === 0) throw new Unauthenticated();
}
