import type { Transaction } from '../../platform/db/connect.ts';
import type { PauseReason } from '../provider/provider-pause.ts';
import type { GenerationRow } from './progress.ts';

/** Why a run waits; each with what it tells the caller. */
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

/** What a run waits for that only the provider can end. */
export const pauseWaits = [
  'PROVIDER_UNAVAILABLE',
  'PROVIDER_RATE_LIMIT',
  'PROVIDER_KEY',
  'PROVIDER_CREDITS',
] as const satisfies readonly WaitReason[];
export type PauseWait = (typeof pauseWaits)[number];

/** What runs wait for while the provider, or their account there, is paused. */
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
 * Writes down why a run waits, or with null that it no longer does. Its status stays as it is, and there is no event.
 * `waiting_since` is the first moment of the same reason: now, or `since` where the run waited for it before it was tried.
 * Every move of the run clears both.
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

/** What a run waits for; null also for a reason that only a newer version knows. */
export function waitOf(run: Pick<GenerationRow, (typeof waitColumns)[number]>): Wait | null {
  const { status, holdsSlot, requestedAt, waitingFor, waitingSince } = run;
  if (status === 'AWAITING_APPROVAL') return { reason: 'APPROVAL', since: requestedAt };
  if (status === 'QUEUED' && !holdsSlot) {
    // It came to the queue when it was asked for, or the row says when.
    const since = waitingFor === 'SLOT' ? waitingSince : null;
    return { reason: 'SLOT', since: since ?? requestedAt };
  }
  if (waitingFor === null || waitingSince === null || !isStored(waitingFor)) return null;
  return { reason: waitingFor, since: waitingSince };
}

/** Whether the row itself says so: a slot and an approval follow from the rest of it. */
function isStored(text: string): text is Exclude<WaitReason, 'SLOT' | 'APPROVAL'> {
  return text !== 'SLOT' && text !== 'APPROVAL' && Object.hasOwn(waitReasons, text);
}
