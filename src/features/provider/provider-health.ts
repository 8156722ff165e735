import type { Uses } from '../../platform/context.ts';
import { SegmindError } from '../../platform/segmind/segmind-error.ts';
import { isAnswering, isAway } from './answering.ts';
import { isFoundAway, pauseProvider } from './provider-pause.ts';

/** What a process notices of the provider as a whole, whichever account's call it was. */
export interface ProviderHealth {
  /**
   * A call has failed. Where that may be because the provider does not answer, free calls find out; if it does not, submits
   * pause in every process. Resolves to whether they do.
   */
  suspect(error: unknown): Promise<boolean>;
  /**
   * A submit broke off, and its run is in doubt. Free calls find out whether the provider answers, whatever the error was;
   * submits pause if it does not, and also where submits break off again and again although it does.
   */
  brokeOff(error: SegmindError): Promise<void>;
  /**
   * Waits for the free calls that are under way. Resolves to whether the provider was just found not to answer. A process
   * that found it so asks it itself before it submits again, whoever ended the pause.
   */
  isGone(): Promise<boolean>;
  /** The provider took a run. */
  took(): void;
  /** The provider answered a free call of this process. */
  answered(): void;
  /**
   * Whether the provider does not answer this process, and answers others: its own network is broken. It pauses its own
   * submits then, and no one else's.
   */
  isCutOff(): boolean;
  /** Asks the provider where this process is cut off, or has paused all and another process has ended that. */
  recheck(): Promise<void>;
}

/**
 * So many submits in a row that broke off are no chance. An outage is found by the first one; what is left are submits
 * that fail while the provider answers, as a few bad values that reach the model do too.
 */
const mostBrokenOff = 10;
/** So long after one that broke off the next one is not in a row with it. */
const rowMs = 300_000;
/** What was found out so recently is not asked for again. */
const freshMs = 1_000;
/** When the provider is asked first after it was found not to answer. */
const firstPauseMs = 1_000;

/** The health as a process sees it; `segmind` is on the server's own account. */
export function createProviderHealth(ctx: Uses<'db' | 'segmind' | 'log'>): ProviderHealth {
  const account = ctx.segmind.environment;
  let found = Promise.resolve(false);
  let isChecking = false;
  let checkedAt = Number.NEGATIVE_INFINITY;
  let tookAt = Number.NEGATIVE_INFINITY;
  let brokenOff = 0;
  let brokeOffAt = Number.NEGATIVE_INFINITY;
  /** It has paused all, and the provider has not answered it since. */
  let hasPaused = false;
  let cutOffSince: number | null = null;

  async function check(): Promise<boolean> {
    const startedAt = performance.now();
    // A run that was taken meanwhile is a better proof than any free call.
    if ((await isAnswering(ctx.segmind)) || tookAt >= startedAt) {
      answered();
      return false;
    }
    if (cutOffSince !== null) return true;
    // The provider has answered another process since then, or the pause would be there.
    if (hasPaused && !(await isFoundAway(ctx).catch(() => true))) {
      cutOffSince = performance.now();
      ctx.log.warn(
        { provider: account },
        'this process cannot reach the provider, and others can: it submits nothing',
      );
      return true;
    }
    hasPaused = true;
    // A pause that cannot be written down means more tries, and nothing else.
    await pauseProvider(ctx, { account, reason: 'UNAVAILABLE', durationMs: firstPauseMs }).catch(() => null);
    return true;
  }

  function answered(): void {
    hasPaused = false;
    if (cutOffSince === null) return;
    const seconds = Math.round((performance.now() - cutOffSince) / 1_000);
    cutOffSince = null;
    ctx.log.info({ provider: account, seconds }, 'this process reaches the provider again');
  }

  const isKnown = () => isChecking || performance.now() - checkedAt < freshMs;

  /** One check for all who ask together. */
  function ask(): Promise<boolean> {
    if (isKnown()) return found;
    isChecking = true;
    found = check().finally(() => {
      checkedAt = performance.now();
      isChecking = false;
    });
    return found;
  }

  return {
    suspect: async (error) => isAway(error) && ask(),
    async brokeOff({ code }) {
      // It was this process that ended the call.
      if (code === 'ABORTED') return;
      const now = performance.now();
      brokenOff = now - brokeOffAt > rowMs ? 1 : brokenOff + 1;
      brokeOffAt = now;
      if ((await ask()) || brokenOff < mostBrokenOff) return;
      await pauseProvider(ctx, { account, reason: 'SUBMITS_FAIL', durationMs: null }).catch(() => null);
    },
    isGone: async () => (hasPaused ? ask() : isKnown() && found),
    took() {
      brokenOff = 0;
      tookAt = performance.now();
      answered();
    },
    answered,
    isCutOff: () => cutOffSince !== null,
    async recheck() {
      if (cutOffSince !== null || (hasPaused && !(await isFoundAway(ctx)))) await ask();
    },
  };
}
