import type { Transaction } from '../../platform/db/connect.ts';

const batchSize = 500;

/**
 * Removes the idempotency keys of ended runs that were requested more than `days` days ago: one batch of them. From
 * then on the same key makes a new request. Keys that were answered with a run of another request are also removed. A
 * run that has not ended keeps all keys that lead to it. Resolves to the number of removed keys.
 */
export async function forgetIdempotencyKeys(tx: Transaction, days: number): Promise<number> {
  // A run that another transaction has locked is skipped, so that this statement does not wait.
  const ofRuns = await tx.$executeRaw`
    UPDATE generations SET idempotency_key = NULL WHERE id = ANY(ARRAY(
      SELECT id FROM generations
      WHERE idempotency_key IS NOT NULL AND requested_at < now() - ${days} * interval '1 day' AND is_final(status)
      ORDER BY requested_at LIMIT ${batchSize} FOR UPDATE SKIP LOCKED))`;
  const ofReuses = await tx.$executeRaw`
    DELETE FROM answered_keys WHERE ctid = ANY(ARRAY(
      SELECT k.ctid FROM answered_keys k
      WHERE k.created_at < now() - ${days} * interval '1 day'
        AND EXISTS (SELECT 1 FROM generations g WHERE g.id = k.generation_id AND is_final(g.status))
      ORDER BY k.created_at LIMIT ${batchSize}))`;
  return ofRuns + ofReuses;
}
