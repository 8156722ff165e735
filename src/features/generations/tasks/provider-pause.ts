import type { Uses } from '../../../platform/context.ts';

/** Why nothing is submitted for a while. */
export type PauseReason = 'RATE_LIMITED' | 'UNAUTHORIZED' | 'FORBIDDEN' | 'NO_CREDITS';

export interface Pause {
  readonly reason: string;
  readonly remainingMs: number;
}

/** Stops submits with an account, or with one of its models, in every process on this database. */
export async function pauseProvider(
  ctx: Uses<'db'>,
  pause: { account: string; model?: string; reason: PauseReason; durationMs: number },
): Promise<void> {
  const { account, model = '', reason, durationMs } = pause;
  await ctx.db.$executeRaw`
    INSERT INTO provider_pauses (provider_account, model, reason, until)
    VALUES (${account}, ${model}, ${reason}, now() + ${durationMs} * interval '1 millisecond')
    ON CONFLICT (provider_account, model) DO UPDATE
    SET reason = excluded.reason, until = greatest(provider_pauses.until, excluded.until)`;
}

/** The pause in force for a model of an account, the longest one, or null. */
export async function findPause(ctx: Uses<'db'>, account: string, model: string): Promise<Pause | null> {
  const [pause] = await ctx.db.$queryRaw<Pause[]>`
    SELECT reason, (extract(epoch FROM until - now()) * 1000)::float8 AS "remainingMs"
    FROM provider_pauses
    WHERE provider_account = ${account} AND model IN ('', ${model}) AND until > now()
    ORDER BY until DESC LIMIT 1`;
  return pause ?? null;
}

/**
 * A key that was refused is tried again by a single run once the pause is over. Whoever pushes the pause forward
 * is that run; the others see the new pause and wait on. True when the caller is the one.
 */
export async function claimProbe(
  ctx: Uses<'db'>,
  account: string,
  model: string,
  intervalMs: number,
): Promise<boolean> {
  const blocked = ['UNAUTHORIZED', 'FORBIDDEN', 'NO_CREDITS'];
  const [state] = await ctx.db.$queryRaw<{ isBlocked: boolean }[]>`
    SELECT EXISTS (SELECT 1 FROM provider_pauses WHERE provider_account = ${account} AND model IN ('', ${model})
      AND reason = ANY(${blocked})) AS "isBlocked"`;
  if (!state?.isBlocked) return true;
  const claimed = await ctx.db.$executeRaw`
    UPDATE provider_pauses SET until = now() + ${intervalMs} * interval '1 millisecond'
    WHERE provider_account = ${account} AND model IN ('', ${model}) AND reason = ANY(${blocked}) AND until <= now()`;
  return claimed > 0;
}

/** The provider took a run: whatever was wrong with the account is over. */
export async function endPauses(ctx: Uses<'db'>, account: string, model: string): Promise<void> {
  await ctx.db.providerPause.deleteMany({ where: { providerAccount: account, model: { in: ['', model] } } });
}
