import type { Uses } from '../../../platform/context.ts';
import type { Transaction } from '../../../platform/db/connect.ts';
import { newWakeupId, sendWakeups } from './wakeup.ts';

/*
 * A slot is a CHECK on a counter in the project's row. Runs wait for their slot as rows, not as jobs: a job is sent
 * when a run is admitted, so ten thousand waiting runs of one project cost nothing. The transaction that gives a
 * slot back admits the run that has waited longest; a look around every second finds what was missed.
 *
 * One worker place in eight is kept for projects that have hardly any run under way. So a project that starts is
 * served at once, also while others fill all other places. Such projects take at most half of the places, so that
 * many small projects do not delay a large one. A run keeps its slot until the provider is done, an UNCERTAIN run
 * until its slot must be given back.
 */

/** The wake-ups of a project with at most this many runs under way are urgent, so that small projects need not wait. */
export const urgentUpTo = 2;

/**
 * Gives free slots of a project, `atMost` of them, to its longest waiting runs, and wakes these runs. The project's row
 * is locked until the transaction ends. Resolves to the number of slots given. It is 0 when no run waits or no slot is
 * free, which is no error: the run that gives the next slot back admits another run.
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

/** A slot that was given to the run `admitted`; null when no slot was given. */
interface GivenSlot {
  readonly admitted: string | null;
  readonly wakeup: string;
  /** How many of the project's runs are under way, with this one. */
  readonly active: number;
}

/** Wakes runs in the transaction that gave them their slots. The function `make_generations` does the same. */
async function wakeAdmitted(ctx: Uses<'jobs'>, tx: Transaction, slots: readonly GivenSlot[]): Promise<void> {
  const wakeups = slots.flatMap(({ admitted, wakeup, active }) =>
    admitted === null ? [] : [{ id: wakeup, generationId: admitted, isUrgent: active <= urgentUpTo }],
  );
  if (wakeups.length > 0) await sendWakeups(ctx, tx, ...wakeups);
}
