import { setTimeout as sleep } from 'node:timers/promises';
import { createOutage } from '../../logger.ts';
import type { TaskContext, Uses } from '../../platform/context.ts';
import { locks } from '../../platform/db/locks.ts';
import { newWakeupId } from '../../platform/jobs/wakeup.ts';
import { tendProviderKeys } from '../provider-keys/tend-provider-keys.ts';

const sweepEveryMs = 30_000;
const sweepSize = 500;

/** Gives every unfinished run that no live job would wake a new wake-up. Resolves to how many there were. */
export async function sweepGenerations(ctx: Uses<'db' | 'jobs'>): Promise<number> {
  return ctx.db.$transaction(async (tx) => {
    // One sweep at a time is enough; the others skip theirs.
    const [lock] = await tx.$queryRaw<
      { isMine: boolean }[]
    >`SELECT pg_try_advisory_xact_lock(${locks.forgottenRuns}) AS "isMine"`;
    if (!lock?.isMine) return 0;
    const forgotten = await ctx.jobs.findForgotten(tx, sweepSize);
    // Whoever takes several runs takes them in one order.
    forgotten.sort();
    for (const id of forgotten) {
      const wakeupId = newWakeupId();
      await tx.generation.update({ where: { id }, data: { wakeupId } });
      await ctx.jobs.send(tx, { id: wakeupId, generationId: id });
    }
    return forgotten.length;
  });
}

/** Sweeps every half minute until `signal` aborts. A sweep that fails is only late. */
export async function sweepRegularly(ctx: TaskContext, signal: AbortSignal): Promise<void> {
  const outage = createOutage(ctx.log, { failed: 'sweeps fail', over: 'sweeps succeed again' });
  const unreadable = new Set<string>();
  while (!signal.aborted) {
    try {
      const count = await sweepGenerations(ctx);
      if (count > 0) ctx.log.warn({ count }, 'runs without a wake-up were woken');
      await tendProviderKeys(ctx, unreadable);
      outage.worked();
    } catch (error) {
      outage.failed(error);
    }
    await sleep(sweepEveryMs, undefined, { signal }).catch(() => undefined);
  }
}
