import type { Uses } from '../../platform/context.ts';
import { type AccountPause, type PauseReason, pausesInForce } from './provider-pause.ts';

/** Whether runs can be submitted with an account. */
export type ProviderStatusName = 'OPERATIONAL' | 'UNAVAILABLE' | 'PAUSED';

/** The status of an account at the provider, without secrets. */
export interface AccountStatus {
  readonly status: ProviderStatusName;
  /** The first moment of the status; null while it is operational. */
  readonly since: Date | null;
  /** The problem as a sentence; null while the account is operational. */
  readonly message: string | null;
}

const operational: AccountStatus = { status: 'OPERATIONAL', since: null, message: null };

/**
 * Without addresses and without the provider's own text, which may contain secrets. The most serious reason is first.
 */
const messages: readonly (readonly [PauseReason, string])[] = [
  [
    'UNAVAILABLE',
    'The provider does not answer. It is tried again every few seconds, and runs continue when it answers.',
  ],
  [
    'SUBMITS_FAIL',
    'Submits to the provider fail without an answer. One run is tried at a time, and the others wait.',
  ],
  [
    'UNAUTHORIZED',
    'The provider refuses the key of the account. One run is tried a minute, and the others wait.',
  ],
  ['FORBIDDEN', 'The provider refuses the account. One run is tried a minute, and the others wait.'],
  ['NO_CREDITS', 'The account has no credits left. One run is tried a minute, and the others wait.'],
  ['RATE_LIMITED', 'The provider limits the requests of the account. Runs continue when the limit is over.'],
];

/** The status of an account. The reason of a pause is not secret: every member sees it in the runs that wait for it. */
export async function findAccountStatus(
  ctx: Uses<'db' | 'segmind'>,
  account: string,
): Promise<AccountStatus> {
  const pauses = await pausesInForce(ctx, [account, ctx.segmind.environment]);
  for (const [reason, message] of messages) {
    const pause = pauses.find((each) => each.reason === reason);
    if (pause) return { status: statusOf(pause), since: pause.since, message };
  }
  return operational;
}

function statusOf({ reason }: AccountPause): ProviderStatusName {
  return reason === 'UNAVAILABLE' || reason === 'SUBMITS_FAIL' ? 'UNAVAILABLE' : 'PAUSED';
}
