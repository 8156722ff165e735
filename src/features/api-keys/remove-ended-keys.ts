import type { Transaction } from '../../platform/db/connect.ts';

const batchSize = 1_000;

/**
 * Removes keys that were revoked or have expired more than `days` days ago: one batch of them. The rows that name a
 * removed key keep its id. Resolves to the number of removed keys.
 */
export async function removeEndedKeys(tx: Transaction, days: number): Promise<number> {
  return tx.$executeRaw`
    DELETE FROM api_keys WHERE id = ANY(ARRAY(
      SELECT id FROM api_keys
      WHERE least(revoked_at, expires_at) < now() - ${days} * interval '1 day' LIMIT ${batchSize}))`;
}
