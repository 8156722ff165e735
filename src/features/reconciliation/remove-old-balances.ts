import type { Transaction } from '../../platform/db/connect.ts';
import { rememberedIntervals } from './balance-witness.ts';
import { observationsFor } from './intervals.ts';

const batchSize = 1_000;

/**
 * Removes a batch of balances that are older than `days`. The newest of each account stay, however old they are: as
 * many as the balance witness reads. Resolves to the number of removed rows.
 */
export async function removeOldBalances(tx: Transaction, days: number): Promise<number> {
  return tx.$executeRaw`
    WITH RECURSIVE accounts AS (
      SELECT min(provider_account) AS account FROM balance_observations
      UNION ALL
      SELECT (SELECT min(o.provider_account) FROM balance_observations o WHERE o.provider_account > a.account)
      FROM accounts a WHERE a.account IS NOT NULL
    )
    DELETE FROM balance_observations WHERE id = ANY(ARRAY(
      SELECT old.id FROM accounts a CROSS JOIN LATERAL (
        SELECT o.id FROM balance_observations o
        WHERE o.provider_account = a.account AND o.at < now() - ${days} * interval '1 day' AND (o.at, o.id) < (
          SELECT r.at, r.id FROM balance_observations r WHERE r.provider_account = a.account
          ORDER BY r.at DESC, r.id DESC OFFSET ${observationsFor(rememberedIntervals) - 1} LIMIT 1)
        ORDER BY o.at, o.id LIMIT ${batchSize}) old
      LIMIT ${batchSize}))`;
}
