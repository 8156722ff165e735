import { setTimeout as sleep } from 'node:timers/promises';
import { toError } from '../../../errors.ts';
import { createOutage } from '../../../logger.ts';
import type { TaskContext } from '../../../platform/context.ts';
import { locks } from '../../../platform/db/locks.ts';
import { listActiveAccounts, openAccount } from '../accounts.ts';
import { reconcileAccount } from '../reconcile-account.ts';

/** A provider that answers slowly may be asked for so long. */
const longestRoundMs = 600_000;

/** Every so often until `signal` aborts, one process on a database at a time. A round that fails is only late. */
export async function reconcileRegularly(ctx: TaskContext, signal: AbortSignal): Promise<void> {
  /** Accounts that could not be asked: said once, until they can. */
  const silent = new Set<string>();
  const outage = createOutage(ctx.log, {
    failed: 'the accounts cannot be reconciled',
    over: 'the accounts are reconciled again',
  });
  while (!signal.aborted) {
    try {
      await reconcileAll(ctx, signal, silent);
      outage.worked();
    } catch (error) {
      outage.failed(error);
    }
    await sleep(ctx.config.RECONCILE_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function reconcileAll(ctx: TaskContext, signal: AbortSignal, silent: Set<string>): Promise<void> {
  // The transaction only keeps others away: what is written is written beside it, and stands by itself.
  await ctx.db.$transaction(
    async (tx) => {
      const [lock] = await tx.$queryRaw<{ isMine: boolean }[]>`
        SELECT pg_try_advisory_xact_lock(${locks.reconciliation}) AS "isMine",
          set_config('idle_in_transaction_session_timeout', '0', true)`;
      if (!lock?.isMine) return;
      for (const account of await listActiveAccounts(ctx)) {
        if (signal.aborted) return;
        await reconcileOne(ctx, account, silent);
      }
    },
    { timeout: longestRoundMs },
  );
}

async function reconcileOne(ctx: TaskContext, account: string, silent: Set<string>): Promise<void> {
  try {
    const segmind = await openAccount(ctx, account);
    if (!segmind) throw new Error('No key of this account is kept.');
    await reconcileAccount(ctx, segmind);
    silent.delete(account);
  } catch (error) {
    if (!silent.has(account))
      ctx.log.warn({ err: toError(error), account }, 'an account could not be reconciled');
    silent.add(account);
  }
}
