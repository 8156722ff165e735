import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, toError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';

/*
 * One failed write does not show that the storage fails, because one folder can be broken. So after a failure the same
 * number of bytes is written elsewhere as a trial, and the storage counts as not working only when that fails too.
 * While it does not work a trial is made each second. While it works a trial is made right before a submit, unless
 * there was one within a tenth of a second. A trial does the steps of storing a new picture: folders, a file, its
 * bytes, a sync, and reading it again.
 *
 * While the storage does not work queued runs wait with a reason. Runs that are paid keep trying: outputs with an
 * address until the provider's retention ends, bytes of a synchronous answer as long as the process runs. Such bytes
 * are in memory, and their number is limited by the number of runs that are worked on at a time.
 */

/** Whether pictures can be stored, as this process knows it. */
export interface StorageHealth {
  /** Why pictures cannot be stored, in a few words without a path; null while they can. */
  readonly problem: string | null;
  /** How long storing has not worked; 0 while it works. */
  unhealthyForMs(): number;
  /** Tries to store, unless that was done within the last `withinMs`. Resolves to the problem, or null. */
  prove(withinMs?: number): Promise<string | null>;
}

/** The health with the methods that only the storage itself calls. */
export interface StorageMonitor extends StorageHealth {
  /**
   * Reports that an operation failed; `sizeBytes` were to be written. Resolves when it is known whether storing fails
   * elsewhere too.
   */
  noteFailure(sizeBytes: number): Promise<void>;
  close(): void;
}

/** Tries to store this number of bytes. Throws when it does not work. */
export type Attempt = (sizeBytes: number) => Promise<void>;

/**
 * The pause between two trials while storing does not work, and the time after which a disk counts as not answering.
 */
const usualTiming = { everyMs: 1_000, timeoutMs: 5_000 };
/** A successful trial that is not older than this counts for a submit. */
const provedForMs = 100;
const smallestAttemptBytes = 4_096;

/**
 * Finds out by trials whether pictures can be stored, as the header describes. The storage works again as soon as a
 * trial succeeds. Each change of state is one line in the log.
 */
export function monitorStorage(
  attempt: Attempt,
  log: Pick<Logger, 'warn' | 'info'>,
  { everyMs, timeoutMs } = usualTiming,
): StorageMonitor {
  const closing = new AbortController();
  let problem: string | null = null;
  let unhealthySince = 0;
  let provedAt = Number.NEGATIVE_INFINITY;
  let sizeBytes = smallestAttemptBytes;
  let attempting: { readonly startedAt: number; readonly ends: Promise<void> } | null = null;
  let looking: Promise<void> | null = null;

  async function look(): Promise<void> {
    // While one trial hangs no second trial begins, because it would occupy another of the few threads for files.
    attempting ??= {
      startedAt: performance.now(),
      ends: attempt(sizeBytes).finally(() => {
        attempting = null;
      }),
    };
    const { startedAt, ends } = attempting;
    try {
      await inTime(ends, timeoutMs);
      provedAt = startedAt;
      markWorking();
    } catch (error) {
      markFailing(error);
    }
  }

  function lookOnce(): Promise<void> {
    looking ??= look().finally(() => {
      looking = null;
    });
    return looking;
  }

  function markFailing(error: unknown): void {
    if (problem !== null || closing.signal.aborted) return;
    problem = `cannot be written: ${errorCode(error) ?? 'it does not answer'}`;
    unhealthySince = performance.now();
    log.warn({ err: toError(error) }, 'pictures cannot be stored: nothing is submitted until they can');
    void lookRegularly();
  }

  function markWorking(): void {
    sizeBytes = smallestAttemptBytes;
    if (problem === null) return;
    const seconds = Math.round(unhealthyForMs() / 100) / 10;
    problem = null;
    log.info({ seconds }, 'pictures can be stored again');
  }

  async function lookRegularly(): Promise<void> {
    const { signal } = closing;
    while (problem !== null && !signal.aborted) {
      await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await lookOnce();
    }
  }

  function unhealthyForMs(): number {
    return problem === null ? 0 : performance.now() - unhealthySince;
  }

  return {
    get problem() {
      return problem;
    },
    unhealthyForMs,
    async prove(withinMs = provedForMs) {
      if (problem === null && performance.now() - provedAt > withinMs) await lookOnce();
      return problem;
    },
    async noteFailure(failedBytes) {
      // A trial that runs already may write too few bytes, or may have begun before the failure.
      await looking;
      sizeBytes = Math.max(sizeBytes, failedBytes);
      if (problem === null) await lookOnce();
    },
    close: () => closing.abort(),
  };
}

async function inTime(attempt: Promise<void>, timeoutMs: number): Promise<void> {
  const patience = new AbortController();
  const late = sleep(timeoutMs, undefined, { signal: patience.signal, ref: false }).then(() => {
    throw new Error('The disk does not answer.');
  });
  try {
    await Promise.race([attempt, late]);
  } finally {
    patience.abort();
    late.catch(() => undefined);
  }
}
