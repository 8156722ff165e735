import type { TaskContext } from '../../platform/context.ts';
import { lifetimeMs, listIntervals } from './intervals.ts';
import { judgeBalance } from './judge-balance.ts';
import type { Witness } from './witness.ts';

/** The number of quiet intervals that are read. Runs of earlier intervals are left to a person. */
export const rememberedIntervals = 500;

/** The witness that compares the losses of the account's balance with the books. */
export function balanceWitness(ctx: Pick<TaskContext, 'db' | 'config'>): Witness {
  return {
    name: 'BALANCE',
    async examine(account, runs) {
      if (runs.length === 0) return new Map();
      const intervals = await listIntervals(ctx, {
        account: account.accountId,
        lifetimeMs: lifetimeMs(ctx),
        limit: rememberedIntervals,
        quietOnly: true,
      });
      return judgeBalance(intervals.toReversed(), runs, lifetimeMs(ctx)).findings;
    },
  };
}
