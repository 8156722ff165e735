import type { Uses } from '../../../platform/context.ts';
import type { Transaction } from '../../../platform/db/connect.ts';
import { newWakeupId, sendWakeups } from './wakeup.ts';

/** A project with no more runs than this under way is served before those that have many. */
const urgentUpTo = 2;

/**
 * Gives free slots of a project, so many at the most, to its longest waiting runs, and wakes them. The project's row is
 * locked until the transaction ends. Resolves to how many were given. None when no run waits or no slot is free, which is
 * no error: the run that gives the next slot back admits another.
 */
export async function admitGenerations(
  ctx: Uses<'jobs'>,
  tx: Transaction,
  projectId: string,
  atMost: number,
): Promise<number> {
  const wakeups = Array.from({ length: atMost }, newWakeupId);
  const given = await tx.$queryRaw<GivenSlot[]>`
    SELECT a.id::text AS admitted, w.id::text AS wakeup, a.active
    FROM unnest(${wakeups}::uuid[]) w(id), admit_generation(${projectId}::uuid, w.id) a`;
  await wakeAdmitted(ctx, tx, given);
  return given.length;
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
  if (wakeups.length > 0) await sendWakeups(ctx, tx, ...wakeups);
}
