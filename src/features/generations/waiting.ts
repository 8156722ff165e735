import type { Transaction } from '../../platform/db/connect.ts';
import type { GenerationRow } from './progress.ts';

/** Why a run waits although its turn has come; each with what it tells the caller. */
export const waitReasons = {
  STORAGE:
    'Pictures, or the notes of submits, cannot be stored at the moment. Nothing is submitted until they can.',
  PROVIDER_KEY: "No usable key of the run's provider account is known. It goes on when one is.",
} as const;
export type WaitReason = keyof typeof waitReasons;

/** Since when a run waits, and why. */
export interface Wait {
  readonly reason: WaitReason;
  readonly since: Date;
}

/**
 * Writes down why a run waits, or with null that it no longer does. Its status stays as it is, and there is no event.
 * `waiting_since` is the first moment of the same reason. Every move of the run clears both.
 */
export async function noteWaiting(
  { db }: { readonly db: Pick<Transaction, '$executeRaw'> },
  { id, status }: Pick<GenerationRow, 'id' | 'status'>,
  reason: WaitReason | null,
): Promise<void> {
  await db.$executeRaw`
    UPDATE generations SET waiting_for = ${reason}, waiting_since = CASE WHEN ${reason}::text IS NOT NULL THEN now() END
    WHERE id = ${id}::uuid AND status = ${status}::"GenerationStatus" AND waiting_for IS DISTINCT FROM ${reason}`;
}

/** What a run waits for; null also for a reason that only a newer version knows. */
export function waitOf({
  waitingFor,
  waitingSince,
}: Pick<GenerationRow, 'waitingFor' | 'waitingSince'>): Wait | null {
  if (waitingFor === null || waitingSince === null || !isWaitReason(waitingFor)) return null;
  return { reason: waitingFor, since: waitingSince };
}

function isWaitReason(text: string): text is WaitReason {
  return Object.hasOwn(waitReasons, text);
}
