import type { TaskContext, Uses } from '../../platform/context.ts';
import type { Segmind } from '../../platform/segmind/segmind.ts';
import { AccountUnusable, accountNamed } from '../provider-keys/provider-key.queries.ts';

type Opener = Uses<'db' | 'segmind'> & Pick<TaskContext, 'keyring'>;

/**
 * Every account of the database's provider environment with which runs were or would be submitted, the server's first.
 */
export async function listAccounts(ctx: Uses<'db' | 'segmind'>): Promise<string[]> {
  const own = ctx.segmind.accountId;
  const rows = await ctx.db.$queryRaw<{ account: string }[]>`
    WITH RECURSIVE used AS (
      SELECT min(provider_account) AS account FROM generations WHERE attempted_at IS NOT NULL
      UNION ALL
      SELECT (SELECT min(g.provider_account) FROM generations g
        WHERE g.attempted_at IS NOT NULL AND g.provider_account > u.account)
      FROM used u WHERE u.account IS NOT NULL
    )
    SELECT account FROM used WHERE account IS NOT NULL AND (
      SELECT g.environment FROM generations g WHERE g.attempted_at IS NOT NULL AND g.provider_account = used.account
      ORDER BY g.attempted_at DESC LIMIT 1
    ) = provider_environment()
    UNION SELECT provider_account FROM account_totals WHERE environment = provider_environment()
    UNION SELECT account FROM provider_keys WHERE removed_at IS NULL AND environment = provider_environment()
    ORDER BY 1`;
  return [own, ...rows.map(({ account }) => account).filter((account) => account !== own)];
}

/** The accounts with open runs or unknown costs, or with submits since the last observation of their balance. */
export async function listActiveAccounts(ctx: Uses<'db' | 'segmind'>): Promise<string[]> {
  const accounts = await listAccounts(ctx);
  const rows = await ctx.db.$queryRaw<{ account: string }[]>`
    SELECT a.account FROM unnest(${accounts}::text[]) AS a(account)
    LEFT JOIN LATERAL (SELECT at, is_quiet FROM balance_observations o WHERE o.provider_account = a.account
      ORDER BY at DESC, id DESC LIMIT 1) last ON true
    WHERE last.at IS NULL OR NOT last.is_quiet
      OR (SELECT max(attempted_at) FROM generations g WHERE g.provider_account = a.account) > last.at
      OR EXISTS (SELECT 1 FROM generations g WHERE g.provider_account = a.account
        AND g.status IN ('SUBMITTING', 'SUBMITTED', 'PROCESSING', 'STORING', 'UNCERTAIN'))
      OR EXISTS (SELECT 1 FROM generations g WHERE g.provider_account = a.account
        AND g.status IN ('COMPLETED', 'FAILED') AND g.cost_micros IS NULL)`;
  return rows.map(({ account }) => account);
}

/** A client on an account; null when this process has no key of it. */
export async function openAccount(ctx: Opener, account: string): Promise<Segmind | null> {
  return accountNamed(ctx, account).catch((error: unknown) => {
    if (error instanceof AccountUnusable) return null;
    throw error;
  });
}
