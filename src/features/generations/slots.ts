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
  const id = newWakeupId();
  const [admitted] = await tx.$queryRaw<{ generationId: string; active: number }[]>`
    SELECT id::text AS "generationId", active FROM admit_generation(${projectId}::uuid, ${id}::uuid)`;
  if (!admitted) return false;
  const { generationId, active } = admitted;
  await ctx.jobs.send(tx, { id, generationId, isUrgent: active <= urgentUpTo });
  return true;
}
