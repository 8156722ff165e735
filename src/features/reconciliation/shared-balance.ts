import type { Uses } from '../../platform/context.ts';

/** So many observations of each account are looked at. */
const newest = 20;

/**
 * Whether another account of ours seems to draw on the same balance: the provider keeps one for all keys of a
 * workspace. Then it loses what the other's runs cost as well, and tells nothing of either. Seen by both having told
 * the same amount, to the micro-dollar; two that are alike by chance are only not believed for a while.
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
