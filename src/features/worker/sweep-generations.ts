import type { TaskContext, Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { Prisma } from '../../platform/db/generated/client.ts';
import { locks } from '../../platform/db/locks.ts';
import { defineTask } from '../../platform/jobs/define-task.ts';
import { isLiveJob } from '../../platform/jobs/live-jobs.ts';
import { newWakeupId, sendWakeups, wakeups } from '../generations/queue/wakeup.ts';

const sweepSize = 500;

/** Runs every 30 seconds. */
export const sweepRegularly = defineTask({
  name: 'sweep-generations',
  each: 'installation',
  lock: { key: locks.forgottenRuns },
  everyMs: 30_000,
  words: { failed: 'sweeps fail', over: 'sweeps succeed again' },
  run: (ctx: TaskContext) => async (_, tx) => {
    const count = await sweepGenerations(ctx, tx);
    if (count > 0) ctx.log.warn({ count }, 'runs without a wake-up were woken');
  },
});

/** Gives a new wake-up to each unfinished run that no live job will wake. Resolves to the number of these runs. */
export async function sweepGenerations(ctx: Uses<'jobs'>, tx: Transaction): Promise<number> {
  const forgotten = await findForgotten(tx);
  // All transactions lock runs in the same order.
  forgotten.sort();
  for (const generationId of forgotten) {
    const id = newWakeupId();
    await tx.generation.update({ where: { id: generationId }, data: { wakeupId: id } });
    await sendWakeups(ctx, tx, { id, generationId });
  }
  return forgotten.length;
}

/** The oldest unfinished runs that no live job will wake. */
async function findForgotten(tx: Transaction): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT g.id::text AS id FROM generations g
    WHERE (g.holds_slot OR g.status IN ('SUBMITTING', 'SUBMITTED', 'PROCESSING', 'STORING'))
      AND g.status <> 'UNCERTAIN' AND NOT ${isLiveJob(wakeups, Prisma.sql`g.wakeup_id`)}
    ORDER BY g.requested_at LIMIT ${sweepSize}`;
  return rows.map((row) => row.id);
}
