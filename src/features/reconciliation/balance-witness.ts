import type { TaskContext } from '../../platform/context.ts';
import { listIntervals } from './intervals.ts';
import { judgeBalance } from './judge-balance.ts';
import type { Witness } from './witness.ts';

/** So many quiet intervals are remembered; what lies before is left to a person. */
export const rememberedIntervals = 500;

/** From the submit: when the provider, whatever it did, does it no more. */
export function lifetimeMs({ config }: Pick<TaskContext, 'config'>): number {
  return Math.max(config.SEGMIND_RETENTION_MS, config.SEGMIND_SUBMIT_TIMEOUT_MS + config.RECONCILE_AFTER_MS);
}

/** What the account's balance has lost beside what the books explain. */
export function balanceWitness(ctx: Pick<TaskContext, 'db' | 'config'>): Witness {
  return {
    name: 'BALANCE',
    async examine(account, runs) {
      if (runs.length === 0) return new Map();
      const intervals = await listIntervals(ctx, {
        account: account.accountId,
        limit: rememberedIntervals,
        quietOnly: true,
      });
      return judgeBalance(intervals.toReversed(), runs, lifetimeMs(ctx)).findings;
    },
  };
}
