import { toError } from '../../../errors.ts';
import type { TaskContext } from '../../../platform/context.ts';
import { locks } from '../../../platform/db/locks.ts';
import { defineTask } from '../../../platform/jobs/define-task.ts';
import { listActiveAccounts, openAccount } from '../accounts.ts';
import { reconcileAccount } from '../reconcile-account.ts';

/** Every RECONCILE_EVERY_MS. */
export const reconcileRegularly = defineTask({
  name: 'reconcile',
  each: 'installation',
  // The transaction only keeps others away: what is written is written beside it, and stands by itself. A provider that
  // answers slowly may be asked for so long.
  lock: { key: locks.reconciliation, longestMs: 600_000 },
  everyMs: ({ config }: TaskContext) => config.RECONCILE_EVERY_MS,
  words: { failed: 'the accounts cannot be reconciled', over: 'the accounts are reconciled again' },
  run: (ctx: TaskContext) => {
    /** Accounts that could not be asked: said once, until they can. */
    const silent = new Set<string>();
    return async (signal) => {
      for (const account of await listActiveAccounts(ctx)) {
        if (signal.aborted) return;
        await reconcileOne(ctx, account, silent);
      }
    };
  },
});

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
