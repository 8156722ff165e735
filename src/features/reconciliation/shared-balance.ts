import type { Uses } from '../../platform/context.ts';

/** The number of observations of each account that are compared. */
const newest = 20;

/**
 * Whether another known account seems to have the same balance, because the provider keeps one balance for all keys of
 * a workspace. Then the balance loses the cost of both accounts' runs, and proves nothing about either. It is
 * recognised by an equal amount of both, to the micro-dollar. When two balances are equal by chance, they are only not
 * used for a while.
 */
export async function isBalanceShared(ctx: Uses<'db'>, account: string): Promise<boolean> {
  const [row] = await ctx.db.$queryRaw<{ isShared: boolean }[]>`
    WITH RECURSIVE accounts AS (
      SELECT min(provider_account) AS account FROM balance_observations
      UNION ALL
      SELECT (SELECT min(o.provider_account) FROM balance_observations o WHERE o.provider_account > a.account)
      FROM accounts a WHERE a.account IS NOT NULL
    ), seen AS (
      SELECT a.account, o.balance_micros FROM accounts a CROSS JOIN LATERAL (
        SELECT balance_micros FROM balance_observations WHERE provider_account = a.account
        ORDER BY at DESC, id DESC LIMIT ${newest}) o
      WHERE o.balance_micros <> 0
    )
    SELECT EXISTS (SELECT 1 FROM seen mine JOIN seen other ON other.balance_micros = mine.balance_micros
      WHERE mine.account = ${account} AND other.account <> ${account}) AS "isShared"`;
  return row?.isShared ?? false;
}
