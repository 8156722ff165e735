import type { Transaction } from '../../../platform/db/connect.ts';

const batchSize = 500;

/**
 * Takes the idempotency keys off ended runs that were asked for so many days ago, some of them: the same key is a new request
 * from then on. A run that has not ended keeps its key. Resolves to how many keys there were.
 */
export async function forgetIdempotencyKeys(tx: Transaction, days: number): Promise<number> {
  // Nobody is waited for who holds a run, and those who wait for one of these do so for one statement.
  const ofRuns = await tx.$executeRaw`
    UPDATE generations SET idempotency_key = NULL WHERE id = ANY(ARRAY(
      SELECT id FROM generations
      WHERE idempotency_key IS NOT NULL AND requested_at < now() - ${days} * interval '1 day' AND is_final(status)
      ORDER BY requested_at LIMIT ${batchSize} FOR UPDATE SKIP LOCKED))`;
  const ofReuses = await tx.$executeRaw`
    DELETE FROM answered_keys WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM answered_keys WHERE created_at < now() - ${days} * interval '1 day' ORDER BY created_at LIMIT ${batchSize}))`;
  return ofRuns + ofReuses;
}
