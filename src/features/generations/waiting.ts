import type { Transaction } from '../../platform/db/connect.ts';
import type { PauseReason } from '../provider/provider-pause.ts';
import type { GenerationRow } from './progress.ts';

/** The reasons why a run waits, each with its description for clients. */
export const waitReasons = {
  APPROVAL: 'An owner must approve or reject the run.',
  SLOT: 'The project has as many runs under way as its limit allows. The run continues when one of them has ended at the provider.',
  STORAGE:
    "Pictures, or the server's notes of submits, cannot be stored at the moment. Nothing is submitted until they can be stored.",
  PROVIDER_KEY:
    "The server has no usable key of the run's provider account, or the provider refuses the key. The run continues when there is a usable key.",
  PROVIDER_UNAVAILABLE:
    'The provider, or the host of its pictures, cannot be reached or responds with server errors. The run continues when the provider responds properly.',
  PROVIDER_RATE_LIMIT:
    "The provider takes no more requests of the account at the moment. The run continues when the provider's limit is over.",
  PROVIDER_CREDITS:
    'The account at the provider has no credits left. The run continues when there are credits again.',
  ENVIRONMENT:
    'The run and the server that would continue it belong to different provider environments. The run continues, or ends, once all servers use the environment of the database.',
} as const;
export type WaitReason = keyof typeof waitReasons;

/** The reasons that belong to a pause of the provider or of an account there. */
export const pauseWaits = [
  'PROVIDER_UNAVAILABLE',
  'PROVIDER_RATE_LIMIT',
  'PROVIDER_KEY',
  'PROVIDER_CREDITS',
] as const satisfies readonly WaitReason[];
export type PauseWait = (typeof pauseWaits)[number];

/** The reason of a run's wait while the provider, or the run's account there, is paused. */
export const waitOfPause: Readonly<Record<PauseReason, PauseWait>> = {
  UNAVAILABLE: 'PROVIDER_UNAVAILABLE',
  SUBMITS_FAIL: 'PROVIDER_UNAVAILABLE',
  RATE_LIMITED: 'PROVIDER_RATE_LIMIT',
  UNAUTHORIZED: 'PROVIDER_KEY',
  FORBIDDEN: 'PROVIDER_KEY',
  NO_CREDITS: 'PROVIDER_CREDITS',
};

/** Since when a run waits, and why. */
export interface Wait {
  readonly reason: WaitReason;
  readonly since: Date;
}

/**
 * Stores why a run waits, or with null that it no longer waits. Its status stays as it is, and there is no event.
 * `waiting_since` is the first moment of the same reason: now, or `since` when the run waited for the same reason
 * before it was tried. Each move of the run clears both columns.
 */
export async function noteWaiting(
  { db }: { readonly db: Pick<Transaction, '$executeRaw'> },
  { id, status }: Pick<GenerationRow, 'id' | 'status'>,
  reason: WaitReason | null,
  since: Date | null = null,
): Promise<void> {
  await db.$executeRaw`
    UPDATE generations SET waiting_for = ${reason},
      waiting_since = CASE WHEN ${reason}::text IS NOT NULL THEN coalesce(${since}::timestamptz, now()) END
    WHERE id = ${id}::uuid AND status = ${status}::"GenerationStatus" AND waiting_for IS DISTINCT FROM ${reason}`;
}

/** The columns that say what a run waits for. */
export const waitColumns = ['status', 'holdsSlot', 'requestedAt', 'waitingFor', 'waitingSince'] as const;

/** Why a run waits; null when it does not wait, and for a reason that only a newer version knows. */
export function waitOf(run: Pick<GenerationRow, (typeof waitColumns)[number]>): Wait | null {
  const { status, holdsSlot, requestedAt, waitingFor, waitingSince } = run;
  if (status === 'AWAITING_APPROVAL') return { reason: 'APPROVAL', since: requestedAt };
  if (status === 'QUEUED' && !holdsSlot) {
    // The run has waited since it was requested, or since the moment in its row.
    const since = waitingFor === 'SLOT' ? waitingSince : null;
    return { reason: 'SLOT', since: since ?? requestedAt };
  }
  if (waitingFor === null || waitingSince === null || !isStored(waitingFor)) return null;
  return { reason: waitingFor, since: waitingSince };
}

/** Whether the reason is stored in `waiting_for`. SLOT and APPROVAL follow from other columns. */
function isStored(text: string): text is Exclude<WaitReason, 'SLOT' | 'APPROVAL'> {
  return text !== 'SLOT' && text !== 'APPROVAL' && Object.hasOwn(waitReasons, text);
}
