import type { Uses } from '../../platform/context.ts';
import { SegmindError } from '../../platform/segmind/segmind-error.ts';
import { isAnswering, isAway } from './answering.ts';
import { isFoundAway, pauseProvider } from './provider-pause.ts';

/** What a process knows about the provider as a whole, from the calls of all accounts. */
export interface ProviderHealth {
  /**
   * Reports that a call has failed. When the reason may be that the provider does not answer, free calls find out
   * whether it does. If it does not, submits pause in every process. Resolves to whether the provider does not answer.
   */
  suspect(error: unknown): Promise<boolean>;
  /**
   * Reports that a submit was interrupted, so that its run is uncertain. Free calls find out whether the provider
   * answers, whatever the error was. Submits pause if it does not, and also when many submits are interrupted although
   * it does.
   */
  brokeOff(error: SegmindError): Promise<void>;
  /**
   * Waits for pending free calls. Resolves to whether the provider was just found not to answer. A process that found
   * this calls the provider itself before it submits again, whichever process ended the pause.
   */
  isGone(): Promise<boolean>;
  /** Reports that the provider took a run. */
  took(): void;
  /** Reports that the provider answered a free call of this process. */
  answered(): void;
  /** Reports that the provider did not answer the free calls of this process. */
  unanswered(): void;
  /** Whether the provider answered the last free calls of this process, or none were sent yet. */
  wasAnswered(): boolean;
  /**
   * Whether the provider does not answer this process, but answers others, so that this process's network is broken.
   * Then only this process pauses its submits.
   */
  isCutOff(): boolean;
  /** Calls the provider when this process is cut off, or when another process has ended a pause that this one began. */
  recheck(): Promise<void>;
}

/**
 * Submits pause after this number of interrupted submits in a row. An outage is found at the first one. The number
 * counts submits that fail while the provider answers, which a few invalid values that reach the model cause too.
 */
const mostBrokenOff = 10;
/** After this time an interrupted submit does not count as in a row with the one before. */
const rowMs = 300_000;
/** A result of the free calls that is younger than this is used again. */
const freshMs = 1_000;
/** The time until the provider is called again after it was found not to answer. */
const firstPauseMs = 1_000;

/** Creates the health of the provider for a process; `segmind` is on the server's own account. */
export function createProviderHealth(ctx: Uses<'db' | 'segmind' | 'log'>): ProviderHealth {
  const account = ctx.segmind.environment;
  let found = Promise.resolve(false);
  let isChecking = false;
  let checkedAt = Number.NEGATIVE_INFINITY;
  let tookAt = Number.NEGATIVE_INFINITY;
  let brokenOff = 0;
  let brokeOffAt = Number.NEGATIVE_INFINITY;
  /** Whether this process has paused all submits, and the provider has not answered it since. */
  let hasPaused = false;
  let wasAnswered = true;
  let cutOffSince: number | null = null;

  async function check(): Promise<boolean> {
    const startedAt = performance.now();
    // A run that was taken meanwhile proves more than a free call.
    if ((await isAnswering(ctx.segmind)) || tookAt >= startedAt) {
      answered();
      return false;
    }
    wasAnswered = false;
    if (cutOffSince !== null) return true;
    // When the pause is gone, the provider has answered another process.
    if (hasPaused && !(await isFoundAway(ctx).catch(() => true))) {
      cutOffSince = performance.now();
      ctx.log.warn(
        { provider: account },
        'this process cannot reach the provider, and others can: it submits nothing',
      );
      return true;
    }
    hasPaused = true;
    // A pause that cannot be stored only causes more tries.
    await pauseProvider(ctx, { account, reason: 'UNAVAILABLE', durationMs: firstPauseMs }).catch(() => null);
    return true;
  }

  function answered(): void {
    hasPaused = false;
    wasAnswered = true;
    if (cutOffSince === null) return;
    const seconds = Math.round((performance.now() - cutOffSince) / 1_000);
    cutOffSince = null;
    ctx.log.info({ provider: account, seconds }, 'this process reaches the provider again');
  }

  const isKnown = () => isChecking || performance.now() - checkedAt < freshMs;

  /** Shares one check between all simultaneous callers. */
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
      // This process itself ended the call.
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
    unanswered() {
      wasAnswered = false;
    },
    wasAnswered: () => wasAnswered,
    isCutOff: () => cutOffSince !== null,
    async recheck() {
      if (cutOffSince !== null || (hasPaused && !(await isFoundAway(ctx)))) await ask();
    },
  };
}
