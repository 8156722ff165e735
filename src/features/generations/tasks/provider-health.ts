import type { Uses } from '../../../platform/context.ts';
import { SegmindError, type SegmindErrorCode } from '../../../platform/segmind/segmind-error.ts';
import { pauseProvider } from '../../provider/provider-pause.ts';

/** What a process notices of the provider as a whole, whichever account's call it was. */
export interface ProviderHealth {
  /**
   * A call has failed. Where that may be because the provider does not answer, a free call finds out; if it does not,
   * submits pause in every process. Resolves to whether they do.
   */
  suspect(error: unknown): Promise<boolean>;
  /** A submit broke off, and its run is in doubt. Where that happens again and again submits pause as well. */
  brokeOff(error: unknown): Promise<void>;
  /** The provider took a run. */
  took(): void;
}

/**
 * No answer, or one of a gateway that misses what stands behind it. A 500 is none of these: it is often a bad value that
 * reached the model.
 */
const away: readonly SegmindErrorCode[] = [
  'NOT_CONNECTED',
  'CONNECTION_LOST',
  'TIMED_OUT',
  'BAD_GATEWAY',
  'UNAVAILABLE',
  'GATEWAY_TIMEOUT',
];

/** Whether an error may mean that the provider does not answer anybody. */
export function isAway(error: unknown): boolean {
  return error instanceof SegmindError && away.includes(error.code);
}

/** So many submits in a row that broke off are no chance. */
const mostBrokenOff = 10;
/** What was found out so recently is not asked for again. */
const freshMs = 1_000;
/** When the provider is asked first after it was found not to answer. */
const firstPauseMs = 1_000;

/** The health as a process sees it; `segmind` is on the server's own account. */
export function createProviderHealth(ctx: Uses<'db' | 'segmind'>): ProviderHealth {
  const account = ctx.segmind.environment;
  let found = Promise.resolve(false);
  let isChecking = false;
  let checkedAt = Number.NEGATIVE_INFINITY;
  let brokenOff = 0;

  async function check(): Promise<boolean> {
    const isGone = await ctx.segmind.credits().then(() => false, isAway);
    // A pause that cannot be written down means more tries, and nothing else.
    if (isGone)
      await pauseProvider(ctx, { account, reason: 'UNAVAILABLE', durationMs: firstPauseMs }).catch(
        () => null,
      );
    return isGone;
  }

  async function suspect(error: unknown): Promise<boolean> {
    if (!isAway(error)) return false;
    if (isChecking || performance.now() - checkedAt < freshMs) return found;
    isChecking = true;
    found = check().finally(() => {
      checkedAt = performance.now();
      isChecking = false;
    });
    return found;
  }

  return {
    suspect,
    async brokeOff(error) {
      if (!isAway(error)) return;
      brokenOff += 1;
      if ((await suspect(error)) || brokenOff < mostBrokenOff) return;
      await pauseProvider(ctx, { account, reason: 'SUBMITS_FAIL', durationMs: null }).catch(() => null);
    },
    took() {
      brokenOff = 0;
    },
  };
}
