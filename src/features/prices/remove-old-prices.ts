import type { Transaction } from '../../platform/db/connect.ts';
import { newestRuns } from './price-book.ts';

const batchSize = 1_000;

/**
 * Removes a batch of observations that the price book does not read any more: there are enough newer observations of
 * the same shape, or they are older than `days`. Resolves to the number of removed rows.
 */
export async function removeOldPrices(tx: Transaction, days: number): Promise<number> {
  // The recursion jumps in the index from each shape to the next.
  return tx.$executeRaw`
    WITH RECURSIVE shapes AS (
      (SELECT model, environment, shape FROM price_observations ORDER BY model, environment, shape LIMIT 1)
      UNION ALL
      SELECT next.* FROM shapes s CROSS JOIN LATERAL (
        SELECT model, environment, shape FROM price_observations o
        WHERE (o.model, o.environment, o.shape) > (s.model, s.environment, s.shape)
        ORDER BY model, environment, shape LIMIT 1) next
    )
    DELETE FROM price_observations WHERE id = ANY(ARRAY(
      SELECT unread.id FROM shapes s CROSS JOIN LATERAL (
        SELECT o.id FROM price_observations o
        WHERE o.model = s.model AND o.environment = s.environment AND o.shape = s.shape
          AND (o.at <= now() - ${days} * interval '1 day' OR o.id < (
            SELECT b.id FROM price_observations b
            WHERE b.model = s.model AND b.environment = s.environment AND b.shape = s.shape
              AND b.at > now() - ${days} * interval '1 day'
            ORDER BY b.id DESC OFFSET ${newestRuns - 1} LIMIT 1))
        ORDER BY o.id LIMIT ${batchSize}) unread
      LIMIT ${batchSize}))`;
}
