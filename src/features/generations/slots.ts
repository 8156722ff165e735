import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { newWakeupId } from '../../platform/jobs/job-queue.ts';

/** A project with no more runs than this under way is served before those that have many. */
const urgentUpTo = 2;

/**
 * Gives a free slot of a project to its longest waiting run, and wakes it. The project's row is locked until the
 * transaction ends. False when no run waits or no slot is free, which is no error: the run that gives the next slot
 * back admits another.
 */
export async function admitGeneration(
  ctx: Uses<'jobs'>,
  tx: Transaction,
  projectId: string,
): Promise<boolean> {
  const wakeup = newWakeupId();
  const [given] = await tx.$queryRaw<{ admitted: string; active: number }[]>`
    SELECT id::text AS admitted, active FROM admit_generation(${projectId}::uuid, ${wakeup}::uuid)`;
  if (!given) return false;
  await wakeAdmitted(ctx, tx, [{ ...given, wakeup }]);
  return true;
}

/** A slot that was given, or none. */
interface GivenSlot {
  readonly admitted: string | null;
  readonly wakeup: string;
  /** How many of the project's runs are under way with it. */
  readonly active: number;
}

/** Wakes runs in the transaction that gave them their slots. */
export async function wakeAdmitted(
  ctx: Uses<'jobs'>,
  tx: Transaction,
  slots: readonly GivenSlot[],
): Promise<void> {
  const wakeups = slots.flatMap(({ admitted, wakeup, active }) =>
    admitted === null ? [] : [{ id: wakeup, generationId: admitted, isUrgent: active <= urgentUpTo }],
  );
  if (wakeups.length > 0) await ctx.jobs.send(tx, ...wakeups);
}
