import type { Transaction } from '../../platform/db/connect.ts';

const batchSize = 1_000;

/**
 * Clears the addresses of invitations that were accepted or withdrawn, or have expired: one batch of them. Resolves to
 * the number of cleared addresses.
 */
export async function forgetAddresses(tx: Transaction): Promise<number> {
  return tx.$executeRaw`
    UPDATE invitations SET email = NULL WHERE id = ANY(ARRAY(
      SELECT id FROM invitations
      WHERE email IS NOT NULL AND (accepted_at IS NOT NULL OR withdrawn_at IS NOT NULL OR expires_at <= now())
      LIMIT ${batchSize} FOR NO KEY UPDATE SKIP LOCKED))`;
}

/**
 * Removes invitations that were accepted or withdrawn, or have expired, more than `days` days ago: one batch of them.
 * Resolves to the number of removed rows.
 */
export async function removeOldInvitations(tx: Transaction, days: number): Promise<number> {
  return tx.$executeRaw`
    DELETE FROM invitations WHERE id = ANY(ARRAY(
      SELECT id FROM invitations
      WHERE coalesce(accepted_at, withdrawn_at, expires_at) < now() - ${days} * interval '1 day' LIMIT ${batchSize}))`;
}
