import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskContext } from '../../../platform/context.ts';
import type { Transaction } from '../../../platform/db/connect.ts';
import { locks } from '../../../platform/db/locks.ts';
import { underLock } from '../../../platform/db/under-lock.ts';
import { defineTask } from '../../../platform/jobs/define-task.ts';
import type { Config } from '../../../settings/config.ts';
import { removeEndedKeys } from '../../api-keys/remove-ended-keys.ts';
import { forgetAddresses, removeOldInvitations } from '../../members/forget-addresses.ts';
import { forgetAbsentUser } from '../../people/forget-absent-user.ts';
import { removeOldPrices } from '../../prices/remove-old-prices.ts';
import { removeOldEvents } from '../../project-events/remove-old-events.ts';
import { removeOldBalances } from '../../reconciliation/remove-old-balances.ts';
import { forgetIdempotencyKeys } from '../../requests/forget-idempotency-keys.ts';

const lock = { key: locks.retention };

/** Something that is removed. */
interface Removal {
  /** As the log names it. */
  readonly what: string;
  /** How many days it is kept, 0 for ever; null where that is no setting. */
  readonly days: ((config: Config) => number) | null;
  /** Takes a few rows; resolves to how many there were. */
  readonly remove: (tx: Transaction, days: number) => Promise<number>;
}

const removals: readonly Removal[] = [
  { what: 'events', days: (config) => config.EVENTS_KEPT_DAYS, remove: removeOldEvents },
  {
    what: 'idempotencyKeys',
    days: (config) => config.IDEMPOTENCY_KEYS_KEPT_DAYS,
    remove: forgetIdempotencyKeys,
  },
  { what: 'prices', days: (config) => config.PRICE_OBSERVATIONS_KEPT_DAYS, remove: removeOldPrices },
  { what: 'balances', days: (config) => config.BALANCES_KEPT_DAYS, remove: removeOldBalances },
  { what: 'addresses', days: null, remove: forgetAddresses },
  { what: 'invitations', days: (config) => config.INVITATIONS_KEPT_DAYS, remove: removeOldInvitations },
  { what: 'apiKeys', days: (config) => config.ENDED_KEYS_KEPT_DAYS, remove: removeEndedKeys },
  { what: 'users', days: (config) => config.USERS_KEPT_DAYS, remove: forgetAbsentUser },
];

type Tools = Pick<TaskContext, 'db' | 'config' | 'log'>;

/** Every hour. What fails, or what a crash cut short, is taken up again. */
export const removeRegularly = defineTask({
  name: 'retention',
  each: 'installation',
  // One portion at a time: another process may remove the next one.
  lock: 'its own',
  everyMs: 3_600_000,
  words: {
    failed: 'what is past its time cannot be removed',
    over: 'what is past its time is removed again',
  },
  run: (ctx: Tools) => (signal) => removeWhatIsPast(ctx, signal),
});

/**
 * Removes all that is past its time, a few rows in a transaction, and rests as long as each of them took, so that those who
 * write meanwhile get their turns. Says in one line of the log how much it was.
 */
export async function removeWhatIsPast(ctx: Tools, signal: AbortSignal): Promise<void> {
  const removed: Record<string, number> = {};
  try {
    for (const { what, days, remove } of removals) {
      const kept = days?.(ctx.config) ?? 0;
      if (days && kept === 0) continue;
      while (!signal.aborted) {
        const began = performance.now();
        const count = await underLock(ctx.db, lock, (tx) => remove(tx, kept));
        if (!count) break;
        removed[what] = (removed[what] ?? 0) + count;
        await sleep(performance.now() - began, undefined, { signal }).catch(() => undefined);
      }
    }
  } finally {
    if (Object.keys(removed).length > 0) ctx.log.info({ removed }, 'what was past its time was removed');
  }
}
