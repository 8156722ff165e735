import type { Transaction } from '../../platform/db/connect.ts';

const batchSize = 1_000;

/**
 * Takes the addresses off some of the invitations that were accepted or withdrawn, or have expired.
 * Resolves to how many there were.
 */
export async function forgetAddresses(tx: Transaction): Promise<number> {
  return tx.$executeRaw`
    UPDATE invitations SET email = NULL WHERE id = ANY(ARRAY(
      SELECT id FROM invitations
      WHERE email IS NOT NULL AND (accepted_at IS NOT NULL OR withdrawn_at IS NOT NULL OR expires_at <= now())
      LIMIT ${batchSize} FOR NO KEY UPDATE SKIP LOCKED))`;
}

/** Removes invitations that were settled so many days ago, some of them. Resolves to how many there were. */
export async function removeOldInvitations(tx: Transaction, days: number): Promise<number> {
  return tx.$executeRaw`
    DELETE FROM invitations WHERE id = ANY(ARRAY(
      SELECT id FROM invitations
      WHERE coalesce(accepted_at, withdrawn_at, expires_at) < now() - ${days} * interval '1 day' LIMIT ${batchSize}))`;
}
